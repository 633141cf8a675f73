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
  /// A generation 1 message id over `Limits.messageBytes`.
  case longMessageID
  /// A generation 1 LOAD that is not JSON of its form, to which there is no reply.
  case badJSON
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
    case .longMessageID: "a message id is over the limit"
    case .badJSON: "the jobs to load are not JSON of their form"
    case .badRegistration: "the first frame registers nobody"
    }
  }
}
