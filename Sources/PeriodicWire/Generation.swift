public import PeriodicCore

/// The two binary forms that are served (PROTOCOL 0.1).
public enum Generation: Sendable {
  case one, two
}

/// What a connection registered as (PROTOCOL 1.4).
public enum Role: Sendable {
  case client, worker
}

/// What was wrong with a peer's bytes. Ends that session, and nothing else.
public enum WireViolation: Error, Equatable, Sendable {
  case badMagic
  case badChecksum
  /// A frame longer than the limit.
  case tooLong(UInt32)
  /// A body that ends before its command is complete.
  case shortBody
  /// Bytes after a complete command.
  case trailingBytes
  /// A generation 1 payload without message id, separator and one command byte.
  case noSeparator
  /// A first frame that registers nobody.
  case badRegistration

  /// A sentence for the log, without a full stop.
  public var text: String {
    switch self {
    case .badMagic: "a frame does not begin with the magic"
    case .badChecksum: "a frame's checksum is wrong"
    case .tooLong(let length): "a frame of \(length) bytes is over the limit"
    case .shortBody: "a frame ends inside its command"
    case .trailingBytes: "a frame goes on after its command"
    case .noSeparator: "a payload has no message id and command"
    case .badRegistration: "the first frame registers nobody"
    }
  }
}

/// What a server-side decoder found at the front of the bytes. Whatever is borrowed is good until
/// the decoder is next called.
public enum Decoded {
  case needMore
  case request(MessageID, Command, consumed: Int)
  /// A whole frame that cannot be carried out: answer, and go on.
  case refused(MessageID, Refusal, consumed: Int)
  case violation(WireViolation)
}

/// The bytes that begin every frame: "\0REQ" towards the server, "\0RES" from it.
enum Magic {
  static let request: UInt32 = 0x0052_4551
  static let response: UInt32 = 0x0052_4553
}

/// The numbers of PROTOCOL 2.1.
enum CommandNumber {
  static let noop: UInt8 = 0
  static let grab: UInt8 = 1
  static let later: UInt8 = 2
  static let done: UInt8 = 3
  static let fail: UInt8 = 4
  static let assign: UInt8 = 5
  static let noJob: UInt8 = 6
  static let canDo: UInt8 = 7
  static let cannotDo: UInt8 = 8
  static let ping: UInt8 = 9
  static let pong: UInt8 = 10
  static let sleep: UInt8 = 11
  static let unknown: UInt8 = 12
  static let submit: UInt8 = 13
  static let status: UInt8 = 14
  static let drop: UInt8 = 15
  static let success: UInt8 = 16
  static let remove: UInt8 = 17
  static let dump: UInt8 = 18
  static let load: UInt8 = 19
  static let shutdown: UInt8 = 20
  static let broadcast: UInt8 = 21
  static let configGet: UInt8 = 22
  static let configSet: UInt8 = 23
  static let config: UInt8 = 24
  static let run: UInt8 = 25
  static let acquired: UInt8 = 26
  static let acquire: UInt8 = 27
  static let release: UInt8 = 28
  static let noWorker: UInt8 = 29
  static let data: UInt8 = 30
  static let receiveData: UInt8 = 31
  static let workData: UInt8 = 32
  static let assigned: UInt8 = 33
  static let unassigned: UInt8 = 34
}
