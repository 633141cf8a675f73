/// Names a request of one client or worker; never used again by it.
public struct RequestID: Hashable, Comparable, Sendable, BitwiseCopyable {
  public let number: UInt64
  init(_ number: UInt64) { self.number = number }
  public static func < (left: RequestID, right: RequestID) -> Bool { left.number < right.number }
}

/// What the asker wants back with the completion; never looked at here.
public struct RequestTag: Hashable, Sendable, BitwiseCopyable {
  /// The asker's own value: an index, or a pointer as a number.
  public var user: UInt64
  /// Where the completion goes: 0 is the queue that `takeCompletion` empties, any other number is
  /// the runtime's, for `takeRoutedCompletion`.
  public var route: UInt32

  public init(user: UInt64 = 0, route: UInt32 = 0) {
    self.user = user
    self.route = route
  }

  /// Nobody wants to know.
  public static var ignored: RequestTag { RequestTag(route: .max) }
}

/// How a request ended, or, with `part`, how it goes on.
public enum Outcome: Equatable, Sendable {
  /// The server did it; what was submitted is durable if the server's store is.
  case success
  /// The server answered UNKNOWN: it does not know the command, or a limit or its store stopped it.
  case refused
  /// The server answered NO_WORKER: nobody can do the function, or this peer may not ask.
  case noWorker
  /// What was asked for, as the server sent it.
  case data([UInt8])
  /// A piece of the data that was asked for. Not an end: more follows under the same id.
  case part([UInt8])
  /// The value of a setting.
  case setting(UInt32)
  /// Whether the job holds the lock. If not, it is no longer in hand (PROTOCOL 2.6).
  case acquired(Bool)
  /// The asker left more parts lying than `ConnectionOptions.dataBytes`; the rest is lost.
  case overflow
  /// The connection was lost before the answer came; the request may have been carried out.
  /// A submit may be repeated safely: the same name is the same job.
  case disconnected
  /// No answer within the request's time; it may still be carried out.
  case timedOut
  /// Withdrawn by the asker, or by closing.
  case cancelled
  /// A report on a job that this worker no longer holds, because its connection was lost since;
  /// the server has given the job to somebody else, or will.
  case stale
}

extension Outcome {
  /// Whether the request is over.
  public var isFinal: Bool {
    if case .part = self { false } else { true }
  }
}

/// The one end of one request, or a piece of data that comes before it.
public struct Completion: Equatable, Sendable {
  public let id: RequestID
  public let tag: RequestTag
  public let outcome: Outcome
}
