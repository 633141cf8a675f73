public import PeriodicClient
public import PeriodicCore
public import PeriodicLoop

/// Takes jobs from a server and reports how they ended, over one connection that it keeps up
/// itself.
///
///     let worker = Worker(loop, to: address, slots: 4)
///     try worker.canDo("resize")
///     while let job = try worker.next(timeout: nil) {
///       resize(job.workload)
///       try worker.done(job.token)
///     }
///
/// **Functions**: `canDo`, `cannotDo`; announced anew on every connection.
/// **Jobs** are pulled: `next` hands over one that has come, or waits for it. The worker asks the
/// server for as many as it has `slots`: jobs received, in hand, and asked for together never
/// exceed them. A job's bytes stay where they are until it is reported. With more than one slot the
/// loop has to turn while jobs are worked on: a server takes a job back whose arrival is not
/// confirmed within its `assign-wait` (2 s), and confirming is the loop's work.
/// **Reports**: each job taken is reported once, with `done`, `fail` or `later`, in any order, at
/// any time. Delivery is at least once: a job whose report did not arrive, or came after its time
/// limit, runs again, here or elsewhere.
/// **Loss**: jobs in hand when the connection is lost belong to the server again; their reports end
/// as `stale` and are not sent. `isHeld` tells beforehand.
/// **End**: `drain`, which takes on nothing new and ends when everything is reported; then `close`,
/// or letting the worker go, which also frees the bytes of its jobs. Before the loop goes.
///
/// Belongs to the loop's thread. Times are milliseconds as with `Client`. Reports are usually not
/// waited for, so their `Delivery` is `none` unless it is given.
public final class Worker: Peer {
  let runner: PeerRunner<WorkerCore>
  /// Inside `next`, which wants to hear of a job.
  private var isWaiting = false

  /// - Parameter slots: jobs in hand at a time, from 1 to 4,096; beyond, the nearest.
  public init(
    _ loop: Loop, to address: Address, slots: Int = 1,
    options: ConnectionOptions = ConnectionOptions()
  ) {
    let core = WorkerCore(slots: slots, options: options, seed: loop.random())
    runner = PeerRunner(loop, to: address, core)
    super.init(runner)
  }

  // MARK: Functions

  /// Announces a function, now and on every later connection.
  ///
  /// `success` when the server has taken it; otherwise what became of this attempt. However it
  /// ends, the worker goes on wanting the function, and asks a server that refused it again with
  /// growing pauses, until `cannotDo`.
  @discardableResult
  public func canDo(
    function: Bytes, _ delivery: Delivery = .none, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try runner.request(delivery) { (core, tag, now) throws(RequestError) in
      try core.canDo(function: function, tag: tag, timeout: timeout, at: now)
    }
  }

  /// Announces a function whose jobs go to every worker that waits for one, if all workers of it
  /// announced it so. Otherwise like `canDo`; of the two the later counts.
  @discardableResult
  public func broadcast(
    function: Bytes, _ delivery: Delivery = .none, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try runner.request(delivery) { (core, tag, now) throws(RequestError) in
      try core.broadcast(function: function, tag: tag, timeout: timeout, at: now)
    }
  }

  /// Takes a function back; jobs of it that are in hand stay.
  @discardableResult
  public func cannotDo(
    function: Bytes, _ delivery: Delivery = .none, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try runner.request(delivery) { (core, tag, now) throws(RequestError) in
      try core.cannotDo(function: function, tag: tag, timeout: timeout, at: now)
    }
  }

  /// Functions that the server does not take at present; each is asked for again.
  public var refusedFunctions: [[UInt8]] { runner.core.refusedFunctions }

  /// Jobs in hand at a time, from 1 to 4,096. Fewer takes effect as jobs are reported.
  public var slots: Int {
    get { runner.core.slotLimit }
    set { runner.change { $0.setSlots(newValue, at: $1) } }
  }

  // MARK: Jobs

  /// Takes the job that came first, if one is there, or that a server on the same loop has now.
  public func next() -> ReceivedJob? {
    var job: ReceivedJob?
    take(atMost: 1) { job = $0 }
    return job
  }

  /// Takes up to `most` jobs that are there, first come first.
  public func next(atMost most: Int) -> [ReceivedJob] {
    var jobs: [ReceivedJob] = []
    take(atMost: most) { jobs.append($0) }
    return jobs
  }

  /// Takes a job, running the loop until one comes. Inside a callback of the loop: `deadlock`.
  ///
  /// - Parameter timeout: milliseconds to wait; `nil` is for ever. 0 or less gives the loop one
  ///   turn without waiting, so that a program may live on calls of this alone.
  /// - Returns: `nil` when the time is over, and when no job will come any more because the worker
  ///   is closed or draining.
  public func next(timeout: Int64?) throws(RequestError) -> ReceivedJob? {
    loop.yieldIfDue()
    if let job = next() { return job }
    if loop.isRunning { throw .deadlock }
    if let timeout, timeout <= 0 {
      guard mayGetJobs else { return nil }
      loop.step()
      return next()
    }
    let timer = LoopTimer(loop) { [loop] in loop.endWait() }
    let deadline = timeout.map { loop.now.monotonic.addingSaturated($0) }
    if let deadline { timer.arm(at: deadline) }
    isWaiting = true
    defer { isWaiting = false }
    while mayGetJobs {
      if let deadline, loop.now.monotonic >= deadline {
        loop.step()
        return next()
      }
      loop.wait()
      if let job = next() { return job }
    }
    return nil
  }

  private var mayGetJobs: Bool { state != .closed && !runner.core.isDraining }

  /// Called at the end of a turn that something happened in, while there are jobs to take.
  public var onJobs: (() -> Void)? {
    didSet {
      runner.core.wantsJobsAhead = onJobs != nil
      runner.needsTurn = true
    }
  }
  /// Jobs that `next` has ready.
  public var receivedCount: Int { runner.core.receivedCount }
  /// Jobs in hand: received, taken, and lost but not yet reported.
  public var heldCount: Int { runner.core.heldCount }
  /// Whether a job taken is still this worker's, as far as it knows: the connection stands.
  public func isHeld(_ job: JobToken) -> Bool { runner.core.isHeld(job) }

  // MARK: Reports

  /// The run is over and the job with it.
  ///
  /// - Parameter data: the result, for whoever waits for it; copied before this returns.
  @discardableResult
  public func done(
    _ job: JobToken, data: Bytes = .none, _ delivery: Delivery = .none, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try runner.request(delivery) { (core, tag, now) throws(RequestError) in
      try core.done(job, data: data, tag: tag, timeout: timeout, at: now)
    }
  }

  /// The run failed; the server runs the job again, about a second later.
  @discardableResult
  public func fail(
    _ job: JobToken, _ delivery: Delivery = .none, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try runner.request(delivery) { (core, tag, now) throws(RequestError) in
      try core.fail(job, tag: tag, timeout: timeout, at: now)
    }
  }

  /// The job shall run again.
  ///
  /// - Parameter delay: seconds from now; 0 or less is at once.
  /// - Parameter step: added to the job's count, at most 32,767.
  @discardableResult
  public func later(
    _ job: JobToken, delay: Int64, step: UInt16 = 0, _ delivery: Delivery = .none,
    timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try runner.request(delivery) { (core, tag, now) throws(RequestError) in
      try core.later(job, delay: delay, step: step, tag: tag, timeout: timeout, at: now)
    }
  }

  // MARK: End

  /// Takes on nothing new; `success` when every job in hand is reported and answered. Jobs that
  /// were received and not taken are still handed over by `next()`.
  @discardableResult
  public func drain(
    _ delivery: Delivery = .none, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try runner.request(delivery) { (core, tag, now) throws(RequestError) in
      try core.drain(tag: tag, timeout: timeout, at: now)
    }
  }

  /// As for every `Peer`; frees nothing of the jobs in hand.
  public override func close() {
    super.close()
    onJobs = nil
  }

  override func notify() {
    super.notify()
    if receivedCount > 0 { onJobs?() }
    if isWaiting && (receivedCount > 0 || !mayGetJobs) { loop.endWait() }
  }
}
