import PeriodicCore

/// Why a request was not even taken; there is no completion for it then.
public enum RequestError: Error, Equatable, Sendable {
  /// A function's or job's name is empty or longer than 255 bytes.
  case invalidName(length: Int)
  /// The frame would be longer than servers accept.
  case tooLarge(bytes: Int, limit: Int)
  /// Too much is under way already; take completions, or wait, and try again.
  case full(ConnectionLimit, value: Int)
  /// Closed, or lost for good where reconnecting is off.
  case closed
  /// The job was reported already, or is not this worker's.
  case notHeld
  /// The worker is draining and takes on nothing new.
  case draining
  /// A blocking call from inside a callback of the same loop, which could never return.
  case deadlock

  /// A sentence for a person, without a full stop.
  public var text: String {
    switch self {
    case .invalidName(let length): "name of \(length) bytes; 1 to \(Limits.nameBytes) are allowed"
    case .tooLarge(let bytes, let limit): "frame of \(bytes) bytes; the limit is \(limit)"
    case .full(let limit, let value): "\(limit.rawValue): \(value) is the limit"
    case .closed: "closed"
    case .notHeld: "the job is not held: it was reported already"
    case .draining: "draining"
    case .deadlock: "a blocking call from inside a callback of the same loop"
    }
  }
}

/// The limits of a client or worker that a `RequestError` can name.
public enum ConnectionLimit: String, Equatable, Sendable {
  case requests
  case outputBytes = "output_bytes"
  case functions
}
