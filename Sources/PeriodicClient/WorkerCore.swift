public import PeriodicCore
import PeriodicWire

/// A worker without its transport: it announces functions, keeps grabs outstanding, and hands over
/// the jobs that come, which the user takes with `next` and reports with `done`, `fail` or `later`.
///
///     slot:  idle ─ GRAB_JOB ▶ grabbing ─ JOB_ASSIGN, JOB_ASSIGNED ▶ holding ─ report ▶ idle
///
/// Grabs and jobs in hand together never exceed `slots`, so `slots` bounds what may run at a time
/// and what is received ahead. After a loss everything is announced and grabbed anew; jobs taken
/// before are lost: the server gives them to somebody else, and a report on one ends as `stale` and
/// is not sent. A lost job counts as in hand until it is reported, because the user still works on
/// it.
///
/// - Invariant: `grabbing + jobs.count ≤ slots`, unless `slots` was lowered.
public struct WorkerCore: ~Copyable {
  var connection: Connection
  var functions: [Function] = []
  var lastSerial: UInt32 = 0
  /// Functions among them that the server does not take at present.
  var refusedCount = 0
  /// When to ask for those again, on the monotonic clock, and how long to wait the next time.
  var retryAt = Int64.max
  var refusals: Backoff
  var slots: [Slot] = []
  /// Places in `slots` that are idle.
  var idle: [UInt32] = []
  var grabbing = 0
  /// Jobs that may be in hand at a time.
  public internal(set) var slotLimit = 0
  var jobs = HeldJobs()
  /// Jobs that wait for `next`, first come first.
  var received = Queue<UInt32>()
  /// Whether the present connection was ready, and its loss has not been dealt with.
  var isRegistered = false
  public private(set) var isDraining = false
  var drainID: RequestID?
  /// Whether jobs are taken by calls (`pulled`), and a grab is only there to hear of the next one.
  var pullsJobs = false
  /// Whether the user waits to be told of jobs, so that they have to come by themselves.
  public var wantsJobsAhead = false
  /// No outstanding grab is to be repeated before this, on the monotonic clock.
  var repeatAt = Int64.max

  /// Time after which an outstanding grab is repeated. Our servers never forget one; others have,
  /// and their workers repeat every 60 s (PROTOCOL 2.3).
  static var repeatInterval: Int64 { 60_000 }
  /// That time for the present server; one on the same loop is ours.
  var repeatInterval: Int64 { connection.isServerHere ? .max : WorkerCore.repeatInterval }
  /// Time after which a grab is repeated that the server refused.
  static var refusalPause: Int64 { 5_000 }

  struct Function {
    let serial: UInt32
    let name: [UInt8]
    var isBroadcast: Bool
    var isRefused = false
  }

  struct Slot: BitwiseCopyable {
    enum State: UInt8 { case idle, grabbing, holding }
    var state = State.idle
    /// The message id of its grabs on this connection; 0 before the first.
    var message: UInt32 = 0
    /// When it was last sent, on the monotonic clock.
    var grabbedAt: Int64 = 0
  }

  /// - Parameter slots: jobs in hand at a time, from 1 to 4,096.
  /// - Parameter seed: for the random part of the reconnect delay; different in each process.
  public init(
    slots: Int = 1, options: ConnectionOptions = ConnectionOptions(), seed: UInt64
  ) {
    connection = Connection(role: .worker, options: options, seed: seed)
    slotLimit = WorkerCore.bounded(slots)
    refusals = Backoff(
      initial: options.reconnectDelay, maximum: options.maximumReconnectDelay, seed: ~seed)
  }

  static func bounded(_ slots: Int) -> Int { max(1, min(slots, Limits().grabsPerConnection)) }

  // MARK: Jobs

  /// Takes the job that came first, if one is there.
  ///
  /// A job whose time ran out while it waited here is dropped unseen: the server has given it to
  /// another worker.
  public mutating func next(at now: Now) -> ReceivedJob? {
    while let index = received.popFirst() {
      jobs.reclaim()
      if now.monotonic < jobs.leaseEnd(index) { return jobs.take(index) }
      release(index)
      fillGrabs(at: now)
    }
    return nil
  }

  /// Jobs that `next` can hand over now.
  public var receivedCount: Int { received.count }
  /// Jobs in hand: received, taken, or lost and not reported.
  public var heldCount: Int { jobs.count }

  /// Whether the connection that a taken job came on still stands, so that a report will be sent.
  public func isHeld(_ token: JobToken) -> Bool {
    jobs.find(token).map { jobs.state($0) == .taken } ?? false
  }

  // MARK: Draining

  /// Takes on nothing new; ends as `success` when every job in hand is reported and answered.
  ///
  /// The functions are withdrawn; a job that comes nevertheless is handed back. Jobs received and
  /// not taken are still handed over by `next`. There is no way back: close afterwards. Waiting may
  /// be asked for again when it has timed out.
  public mutating func drain(
    tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    if let id = drainID, connection.table.find(id: id.number) != nil { throw .draining }
    try connection.admit(bytes: 0)
    let isFirst = !isDraining
    isDraining = true
    let request = Request(
      tag: tag, deadline: connection.deadline(timeout, at: now), kind: .drain)
    let id = RequestID(connection.table.insert(request))
    drainID = id
    if isFirst, connection.isReady {
      for function in functions { withdraw(function, at: now) }
    }
    finishDrain()
    return id
  }

  mutating func finishDrain() {
    guard let id = drainID, jobs.count == 0, connection.table.reports == 0 else { return }
    drainID = nil
    if let place = connection.table.find(id: id.number) {
      connection.finish(place, as: .success)
    }
  }

  private mutating func withdraw(_ function: Function, at now: Now) {
    function.name.withUnsafeBytes {
      connection.send(.cannotDo(function: $0), .withdraw, at: now)
    }
  }
}
