import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// Does the runs of a worker program: a process for each, or processes that stay.
protocol RunDoer: AnyObject {
  /// Runs that can begin now.
  var freePlaces: Int { get }
  /// Begins a run, at once or when there is a place for it; `end` is called once.
  func begin(_ job: ReceivedJob, _ end: @escaping (RunResult) -> Void)
  /// No more runs will begin; `done` is called when nothing is left behind.
  func finish(_ done: @escaping () -> Void)
  /// Ends everything at once.
  func killAll()
}

/// A worker as a program: takes jobs, has them done, reports (PROTOCOL 4.2, 4.3).
///
/// SIGTERM, SIGINT and SIGHUP end it when the jobs in hand have been reported; a second one ends it
/// at once, and the server gives the jobs to somebody else.
final class WorkerProgram {
  private let plan: WorkerPlan
  private let address: Address
  private let loop: Loop
  let worker: Worker
  private var doer: (any RunDoer)?
  private var signals: [SignalWatcher] = []
  private var retry: LoopTimer?
  private var isEnding = false
  private var isGreeted = false
  private var wasLost = false
  /// Jobs that wait for the answer to their lock.
  private var pendingLocks = 0

  init(_ plan: WorkerPlan, at connection: ServerAddress) throws {
    self.plan = plan
    address = try parseAddress(connection.address())
    loop = try Loop()
    var options = ConnectionOptions()
    options.credentials = try connection.credentials()
    options.reconnectDelay = plan.retryDelay
    options.maximumReconnectDelay = plan.retryDelay
    worker = Worker(loop, to: address, slots: plan.threads, options: options)
  }

  /// - Parameter makeDoer: is told the loop, and whom to tell that a run may begin again.
  func run(_ makeDoer: (Loop, WorkerProgram) -> any RunDoer) throws {
    doer = makeDoer(loop, self)
    for signal in [SIGTERM, SIGINT, SIGHUP] {
      signals.append(try SignalWatcher(loop, signal: signal) { [unowned self] in end() })
    }
    worker.onJobs = { [unowned self] in takeJobs() }
    worker.onStateChange = { [unowned self] state in report(state) }
    register()
    loop.run()
    worker.close()
  }

  /// Takes the jobs that are there, as far as they can be done now.
  func takeJobs() {
    guard let doer else { return }
    while doer.freePlaces > pendingLocks, let job = worker.next() { begin(job, doer) }
  }

  func warn(_ job: ReceivedJob, _ text: String) {
    printError("periodic: \(job.key.function.text) \(job.key.name.text): \(text)")
  }

  /// A piece of data for whoever listens to the job.
  func send(_ data: [UInt8], of job: JobToken) {
    _ = data.withUnsafeBytes { bytes in
      attempt { () throws(RequestError) in try worker.workData(job, bytes) }
    }
  }

  private func begin(_ job: ReceivedJob, _ doer: any RunDoer) {
    guard let lock = plan.lock, !plan.isBroadcast else { return start(job, doer) }
    pendingLocks += 1
    let isAsked = withBytes(of: lock.name) { name in
      attempt { () throws(RequestError) in
        try worker.acquire(
          lock: name, capacity: lock.count, job.token,
          .call { [unowned self] outcome in
            pendingLocks -= 1
            switch outcome {
            case .acquired(true): start(job, doer)
            // The server keeps the job until the lock is free.
            case .acquired(false): takeJobs()
            default:
              warn(job, "no answer to its lock")
              finish(job.token, as: .failed)
            }
          })
      }
    }
    if !isAsked {
      pendingLocks -= 1
      finish(job.token, as: .failed)
    }
  }

  private func start(_ job: ReceivedJob, _ doer: any RunDoer) {
    doer.begin(job) { [unowned self] result in
      finish(job.token, as: plan.reported(result))
      takeJobs()
    }
  }

  private func finish(_ job: JobToken, as result: RunResult) {
    let isTold = attempt { () throws(RequestError) in
      switch result {
      case .done(let data):
        return try data.withUnsafeBufferPointer { (data) throws(RequestError) in
          try worker.done(job, data: Bytes(data))
        }
      case .failed: return try worker.fail(job)
      case .later(let seconds): return try worker.later(job, delay: seconds)
      }
    }
    // A result that is too long for a frame must not leave the job in hand.
    if !isTold, case .done = result { finish(job, as: .failed) }
  }

  /// Whether the request was made; otherwise the reason is printed.
  @discardableResult
  private func attempt(_ body: () throws(RequestError) -> RequestID) -> Bool {
    do {
      _ = try body()
      return true
    } catch {
      printError("periodic: \(address): \(error.text)")
      return false
    }
  }

  private func register() {
    withBytes(of: plan.function) { name in
      let heard = Delivery.call { [unowned self] in registered($0) }
      attempt { () throws(RequestError) in
        plan.isBroadcast
          ? try worker.broadcast(function: name, heard, timeout: .max)
          : try worker.canDo(function: name, heard, timeout: .max)
      }
    }
  }

  private func registered(_ outcome: Outcome) {
    switch outcome {
    case .success:
      if let greeting = plan.greeting, !isGreeted { write(greeting + "\n", to: 1) }
      isGreeted = true
    case .cancelled: break
    default:
      printError("periodic: the server refuses the function \(plan.function); trying again")
      retry = LoopTimer(loop) { [unowned self] in register() }
      retry?.arm(at: loop.now.monotonic + plan.retryDelay)
    }
  }

  private func report(_ state: ConnectionState) {
    switch state {
    case .waiting:
      let reason = worker.lastLossText ?? "no connection"
      if !wasLost { printError("periodic: \(address): \(reason); trying again") }
      wasLost = true
    case .ready:
      if wasLost { printError("periodic: \(address): connected") }
      wasLost = false
    default: break
    }
  }

  /// The first signal lets the jobs in hand finish, the second does not.
  private func end() {
    guard !isEnding, let doer else {
      self.doer?.killAll()
      return loop.stop()
    }
    isEnding = true
    retry = nil
    do {
      try worker.drain(
        .call { [unowned self] _ in doer.finish { [unowned self] in loop.stop() } },
        timeout: .max)
      handBack(doer)
    } catch {
      loop.stop()
    }
  }

  /// Jobs that have come and that nobody can begin go back to the server.
  private func handBack(_ doer: any RunDoer) {
    takeJobs()
    while let job = worker.next() { finish(job.token, as: .later(0)) }
  }
}
