/// Everything that the server can say to a peer, whatever protocol the peer speaks.
///
/// The bytes inside are borrowed from the engine for the call that carries the reply.
public enum Reply {
  case success
  case pong
  case noop
  /// Nobody can do the function, or the session may not ask this.
  case noWorker
  case assign(Assignment)
  case data(Bytes)
  case acquired(Bool)
  case setting(UInt32)
  case refused(Refusal)
}

/// Why a request was not carried out; each protocol has its own words for it (DESIGN "Refusals").
public enum Refusal: Equatable, Sendable {
  /// The command is not defined, or this server does not have it.
  case unknownCommand
  /// The session's role may not send this.
  case wrongRole
  /// The connection's identity may not do this, or there is none where one is needed.
  case notAllowed
  case emptyFunction
  case emptyName
  case malformed(StaticText)
  /// The job that was named does not exist.
  case noSuchJob
  /// A limit would be passed: which, and by what.
  case limit(LimitName, value: Int)
  /// The store could not write it.
  case storeFailed
  /// There is no room for it in the store.
  case storeFull
  /// The store cannot write, and takes no jobs until it can.
  case storeReadOnly
  case starting
  case stopping

  /// A sentence for a person, without a full stop.
  public var text: String {
    switch self {
    case .unknownCommand: "unknown command"
    case .wrongRole: "this connection's role may not send this command"
    case .notAllowed: "this connection's identity does not allow it"
    case .emptyFunction: "function is empty"
    case .emptyName: "job name is empty"
    case .malformed(let what): what.description
    case .noSuchJob: "no job"
    case .limit(let name, let value): "\(name.rawValue): \(value) is over the limit"
    case .storeFailed: "the store cannot write; nothing was changed"
    case .storeFull: "the store is full; nothing was changed"
    case .storeReadOnly: "the store cannot write and is read-only until it can; nothing was changed"
    case .starting: "starting"
    case .stopping: "stopping"
    }
  }
}

/// A constant text that can be compared, for values that tests look at.
public struct StaticText: Equatable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
  private let text: StaticString
  public init(stringLiteral text: StaticString) { self.text = text }
  public var description: String { text.description }
  public static func == (left: StaticText, right: StaticText) -> Bool {
    left.description == right.description
  }
}
