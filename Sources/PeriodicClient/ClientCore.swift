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

  /// Asks for what `command` says, which must be a client's.
  ///
  /// Throws what is wrong with the request itself; then there is none.
  ///
  /// - Parameter command: its bytes are copied before this returns.
  /// - Parameter timeout: milliseconds; `nil` is the option's, and for RUN_JOB and RECV_DATA the
  ///   time for which the server waits on top of it; `.max` is for ever.
  public mutating func request(
    _ command: Command, tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    let (kind, names, payload) = ClientCore.parts(of: command)
    var size = payload
    for name in names {
      try ClientCore.check(name)
      size += name.count
    }
    try connection.admit(bytes: size)
    return connection.request(
      command, kind, tag: tag, timeout: timeout ?? patience(for: command), at: now)
  }

  @inline(__always)
  private static func check(_ name: Bytes) throws(RequestError) {
    if name.isEmpty || name.count > Limits.nameBytes { throw .invalidName(length: name.count) }
  }

  /// Throws what would be wrong with a request to submit this job.
  public func check(_ job: JobFields) throws(RequestError) {
    try checkItself(job.key, job.workload)
    try connection.admit(bytes: 0)
  }

  /// Throws what is wrong with a job, whatever else is under way.
  public func checkItself(_ key: JobKey, _ workload: Bytes) throws(RequestError) {
    try ClientCore.check(key.function)
    try ClientCore.check(key.name)
    let size = key.function.count + key.name.count + workload.count
    try connection.checkSize(bytes: size)
  }

  /// Submits a job, or replaces the waiting job of the same function and name.
  public mutating func submit(
    _ job: JobFields, tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try request(.submit(job), tag: tag, timeout: timeout, at: now)
  }

  /// Asks for a sign of life.
  public mutating func ping(
    tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try request(.ping, tag: tag, timeout: timeout, at: now)
  }

  /// Deletes a job in whatever state it is; a job that does not exist is a success too.
  public mutating func remove(
    _ key: JobKey, tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try request(.remove(key), tag: tag, timeout: timeout, at: now)
  }

  /// Drops a function and its jobs, if no worker has it; a success either way (PROTOCOL 2.8).
  public mutating func drop(
    function: Bytes, tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try request(.drop(function: function), tag: tag, timeout: timeout, at: now)
  }

  /// Asks for the functions and their numbers: `data` with a line for each (PROTOCOL 2.7).
  public mutating func status(
    tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try request(.status, tag: tag, timeout: timeout, at: now)
  }

  /// What the table, the checks and the limits need of a command.
  private static func parts(
    of command: Command
  ) -> (kind: RequestKind, names: [Bytes], payload: Int) {
    switch command {
    case .ping: (.ping, [], 0)
    case .status: (.status, [], 0)
    case .dump: (.dump, [], 0)
    case .shutdown: (.shutdown, [], 0)
    case .submit(let job): (.submit, [job.key.function, job.key.name], job.workload.count)
    case .run(let job): (.run, [job.key.function, job.key.name], job.workload.count)
    case .receiveData(let job):
      (.receive, [job.key.function, job.key.name], job.workload.count)
    case .remove(let key): (.remove, [key.function, key.name], 0)
    case .drop(let function): (.drop, [function], 0)
    case .getSetting(let key), .setSetting(let key, _): (.setting, [key], 0)
    case .load(let list): (.load, [], list.count)
    default: fatalError("a client has no such request")
    }
  }

  /// How long to wait for the answer: for the end of a job as long as the server does, and then as
  /// for anything else.
  private func patience(for command: Command) -> Int64? {
    switch command {
    case .run(let job), .receiveData(let job):
      let wait: Int64 = job.timeout > 0 ? Int64(job.timeout) : 60
      return connection.options.requestTimeout.addingSaturated(wait.secondsInMilliseconds)
    default: return nil
    }
  }
}

extension ClientCore: PeerCore {
  public var state: ConnectionState { connection.state }
  public var lastLoss: LossReason? { connection.lastLoss }
  public var isServerHere: Bool {
    get { connection.isServerHere }
    set { connection.isServerHere = newValue }
  }
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
  public mutating func endTurn(isServerDirect: Bool, at now: Now) {}
  public mutating func close() { connection.close() }
  public mutating func wrote(_ count: Int) { connection.wrote(count) }
  public mutating func takeAction() -> TransportAction? { connection.takeAction() }
  public mutating func takeCompletion() -> Completion? { connection.takeCompletion() }
  public mutating func takeRoutedCompletion() -> Completion? {
    connection.takeRoutedCompletion()
  }
  public mutating func cancel(_ id: RequestID) -> Bool { connection.cancel(id) }

  public mutating func received(_ bytes: Bytes, at now: Now) {
    connection.beginInput(bytes, at: now)
    while let message = connection.nextMessage(at: now) {
      switch message {
      case .connectionID: connection.sendUnsent(at: now)
      case .success(let id): succeeded(id)
      case .pong(let id): connection.finish(id, as: .success)
      case .unknown(let id): connection.finish(id, as: .refused)
      case .noWorker(let id): connection.finish(id, as: .noWorker)
      case .data(let id, let bytes): received(data: bytes, id)
      case .setting(let id, let value): connection.finish(id, as: .setting(value))
      // No answer to anything that a client asks; a server may say such things unasked.
      case .noop, .noJob, .acquired, .assign, .other: break
      }
    }
    connection.endInput()
  }

  /// To a listener this only says that it will hear.
  private mutating func succeeded(_ message: MessageID) {
    let number = UInt32(truncatingIfNeeded: message.number)
    guard let place = connection.table.find(message: number) else { return }
    if place.pointee.kind != .receive { connection.finish(place, as: .success) }
  }

  private mutating func received(data: Bytes, _ message: MessageID) {
    let number = UInt32(truncatingIfNeeded: message.number)
    guard let place = connection.table.find(message: number) else { return }
    if place.pointee.kind != .receive {
      connection.finish(place, as: .data(Array(data)))
    } else if data.equals(ClientCore.endOfData.bytes) {
      connection.finish(place, as: .success)
    } else {
      connection.deliver(part: data, place)
    }
  }

  /// The last thing that a listener hears; a piece of data that is the same cannot be told from it
  /// (PROTOCOL 2.5).
  private static let endOfData: StaticString = "EOF"
}
