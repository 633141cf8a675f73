public import PeriodicCore
import PeriodicWire

/// A client without its transport: it asks, and each request ends in exactly one `Completion`.
///
/// Any number of requests may be under way; answers are matched by message id, so their order does
/// not matter. A request made without a connection waits for one, within its time. What was sent
/// when a connection is lost ends as `disconnected`: it may have been carried out, and nothing is
/// sent twice behind the asker's back. Speaks generation 2 (PROTOCOL 1.2, 2.1).
public struct ClientCore: ~Copyable {
  private var connection: Connection

  /// - Parameter seed: for the random part of the reconnect delay; different in each process.
  public init(options: ConnectionOptions = ConnectionOptions(), seed: UInt64) {
    connection = Connection(role: .client, options: options, seed: seed)
  }

  // MARK: Requests

  /// Submits a job, or replaces the waiting job of the same function and name.
  ///
  /// - Parameter job: copied before this returns.
  /// - Parameter timeout: milliseconds; `nil` is the option's, `.max` for ever. The same for all.
  public mutating func submit(
    _ job: JobFields, tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try check(name: job.key.function)
    try check(name: job.key.name)
    try connection.admit(bytes: job.key.function.count + job.key.name.count + job.workload.count)
    return connection.request(.submit(job), .submit, tag: tag, timeout: timeout, at: now)
  }

  /// Asks for a sign of life.
  public mutating func ping(
    tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try connection.admit(bytes: 0)
    return connection.request(.ping, .ping, tag: tag, timeout: timeout, at: now)
  }

  /// Deletes a job in whatever state it is; a job that does not exist is a success too.
  public mutating func remove(
    _ key: JobKey, tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try check(name: key.function)
    try check(name: key.name)
    try connection.admit(bytes: key.function.count + key.name.count)
    return connection.request(.remove(key), .remove, tag: tag, timeout: timeout, at: now)
  }

  /// Drops a function and its jobs, if no worker has it; a success either way (PROTOCOL 2.8).
  public mutating func drop(
    function: Bytes, tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try check(name: function)
    try connection.admit(bytes: function.count)
    return connection.request(
      .drop(function: function), .drop, tag: tag, timeout: timeout, at: now)
  }

  /// Asks for the functions and their numbers: `data` with a line for each (PROTOCOL 2.7).
  public mutating func status(
    tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try connection.admit(bytes: 0)
    return connection.request(.status, .status, tag: tag, timeout: timeout, at: now)
  }

  private func check(name: Bytes) throws(RequestError) {
    if name.isEmpty || name.count > Limits.nameBytes { throw .invalidName(length: name.count) }
  }
}

extension ClientCore: PeerCore {
  public var state: ConnectionState { connection.state }
  public var lastLoss: LossReason? { connection.lastLoss }
  public var output: Bytes { connection.output.bytes }
  public var openRequests: Int { connection.table.owed }
  public var completionCount: Int { connection.completions.count }
  public var routedCount: Int { connection.routed.count }
  public var nextDeadline: Int64? { connection.nextDeadline }

  public mutating func open(at now: Now) { connection.open(at: now) }
  public mutating func connected(at now: Now) { connection.connected(at: now) }
  public mutating func disconnected(_ reason: LossReason, at now: Now) {
    connection.disconnected(reason, at: now)
  }
  public mutating func tick(at now: Now) { connection.tick(at: now) }
  public mutating func close() { connection.close() }
  public mutating func wrote(_ count: Int) { connection.wrote(count) }
  public mutating func takeAction() -> TransportAction? { connection.takeAction() }
  public mutating func takeCompletion() -> Completion? { connection.completions.popFirst() }
  public mutating func takeRoutedCompletion() -> Completion? { connection.routed.popFirst() }
  public mutating func cancel(_ id: RequestID) -> Bool { connection.cancel(id) }

  public mutating func received(_ bytes: Bytes, at now: Now) {
    connection.beginInput(bytes, at: now)
    while let message = connection.nextMessage(at: now) {
      switch message {
      case .connectionID: connection.sendUnsent(at: now)
      case .success(let id), .pong(let id): connection.finish(id, as: .success)
      case .unknown(let id): connection.finish(id, as: .refused)
      case .noWorker(let id): connection.finish(id, as: .noWorker)
      case .data(let id, let bytes): connection.finish(id, as: .data(Array(bytes)))
      // No answer to anything that a client asks; a server may say such things unasked.
      case .noop, .noJob, .setting, .acquired, .assign, .other: break
      }
    }
    connection.endInput()
  }
}
