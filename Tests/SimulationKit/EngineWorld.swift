import PeriodicCore
import PeriodicEngine
import PeriodicStore

/// One seeded run of the engine against a naive model: commands, time, a store that is slow, fails
/// or loses its tail in a crash, restarts. Stops the process at the first broken invariant.
public final class EngineWorld {
  struct Peer {
    var session: SessionID
    var isWorker: Bool
    var generation: Int
    /// What it can do, in the order of its words; and which of that it said by BROADCAST.
    var functions: [String] = []
    var broadcasts: Set<String> = []
    var grabs: [UInt64] = []
    var hasConfirmed = false
    var hasFinished = false
    var isOpen = true
    /// Grabs whose jobs count as taken at once.
    var silent: [UInt64: Bool] = [:]
  }

  /// What a held reply promises: that the change is in the store, or a later one to the same key.
  struct Promise {
    var batch: UInt64
    var key: KeyName
    var change: Int
    var isPut: Bool
  }

  /// A reply that must come.
  struct Expected {
    var peer: Int
    var message: UInt64
    var text: String
    /// What may come in its place.
    var alternative: String?
    /// The job that it speaks of, when the order between its replies matters.
    var key: KeyName?
    /// A RUN_JOB's result: comes after everything that listeners of the same job hear.
    var isResult = false
    /// Promises a change that the store must have first (E8).
    var isPromise = false
  }

  public let seed: UInt64
  let weights: ActWeights
  var random: Random
  public private(set) var digest = Digest()
  private(set) var trace: [String] = []
  /// Whether each line is printed as it comes.
  public var traces = false

  var engine: Engine
  let limits: Limits
  let isDurable: Bool
  var now = Now(monotonic: 1000, wall: 1_700_000_000_000)
  var peers: [Peer] = []
  var jobs: [ModelJob] = []
  var waiters: [ModelWaiter] = []
  var locks: [ModelLock] = []
  var settings: [String: Int] = [:]
  /// Functions that STATUS shall list.
  var functions: Set<String> = []
  var sequence = 0
  var submissions = 0
  var lastFence: UInt64 = 0
  /// Receivers of the broadcast under way that have not been named yet.
  var receivers: (key: KeyName, peers: [Int])?
  var expected: [Expected] = []
  var expectedEvents: [String] = []
  var effects = Effects()
  /// Whether the drop in hand leaves its slices for later.
  var leavesWork = false
  /// Jobs of a dropped function until their slice: they are gone, but their locks are not free.
  var unfreed: [KeyName] = []
  /// The wall clock at its furthest: a job that was ready then may still be.
  var furthestWall: Int64 = 0
  var listing: Listing?
  /// Runs that were pulled, also those that are over.
  var pulled: [(key: KeyName, peer: Int, run: RunHandle)] = []
  var isObserved = false
  /// Names and workloads that this step lends to the engine.
  var lentBytes: [UnsafeMutableRawBufferPointer] = []

  // The gate, in its plainest form.
  var store = ModelStore()
  var collecting = StoreBatch()
  var batchNumber: UInt64 = 1
  var inFlight: (batch: StoreBatch, number: UInt64, due: Int64)?
  /// Jobs that are being read, and when they will be there.
  var reading: (tickets: [ReadTicket], due: Int64)?
  /// Requests whose reply waits for a batch.
  var held: [Promise] = []
  var history = History()

  let functionNames: [String]
  let nameCount: Int
  let lockNames: [String]
  var nextMessage: UInt64 = 0
  var steps = 0

  public init(seed: UInt64, weights: ActWeights = ActWeights()) {
    self.seed = seed
    self.weights = weights
    random = Random(seed: seed)
    isDurable = random.chance(75)
    functionNames = (0..<1 + random.below(4)).map { "f\($0)" }
    nameCount = random.chance(50) ? 12 : 3
    lockNames = (0..<1 + random.below(3)).map { "l\($0)" }
    var limits = Limits()
    if random.chance(20) { limits.jobs = 5 + random.below(20) }
    if random.chance(10) { limits.functions = 2 }
    if random.chance(20) { limits.grabsPerConnection = 1 + random.below(3) }
    if random.chance(20) { limits.waitersPerConnection = 1 + random.below(3) }
    if random.chance(20) { limits.locksPerJob = 1 + random.below(2) }
    if random.chance(30) { limits.bytes = 30 + random.below(60) }
    if random.chance(20) { limits.functionJobs = 2 + random.below(8) }
    if random.chance(20) { limits.functionBytes = 10 + random.below(40) }
    if random.chance(50) { limits.cacheBytes = random.below(10) }
    if random.chance(30) { limits.largeWorkloadBytes = 1 + random.below(3) }
    self.limits = limits
    engine = Engine(limits: limits, isDurable: isDurable)
    start()
  }

  /// Runs `steps` random steps, then heals and demands progress.
  public func run(steps: Int) {
    for _ in 0..<steps {
      self.steps += 1
      now.monotonic += Int64(random.below(300))
      now.wall += Int64(random.below(300))
      if random.chance(1) { stepClock() }
      act()
      settle()
      read()
      if engine.nextWake(at: now) == 0 { tick() }
      check()
    }
    heal()
  }

  func log(_ line: @autoclosure () -> String) {
    let line = "\(steps) \(line())"
    digest.add(line)
    if traces { print(line) }
    trace.append(line)
    if trace.count > 60 { trace.removeFirst() }
  }

  func fail(_ what: String) -> Never {
    let last = trace.joined(separator: "\n")
    fatalError("\n\(last)\nseed \(seed), step \(steps): \(what)")
  }

  func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
    if !condition { fail(what()) }
  }

  private func stepClock() {
    furthestWall = max(furthestWall, now.wall)
    now.wall += Int64(random.below(40_000) - 20_000)
    log("clock steps to \(now.wall)")
  }

  /// Starts the engine from what the store has.
  private func start() {
    engine = Engine(limits: limits, isDurable: isDurable)
    isObserved = weights.events > 0 && seed % 2 == 0
    engine.isObserved = isObserved
    store.load { engine.restore($0, at: now) }
    engine.collectingBatch = batchNumber
    engine.start(into: &effects)
    takeEffects()
    flush()
  }

  /// The process ends without a word and starts again from what the store kept.
  func restart() {
    log("crash")
    // What was in flight may have become durable just before.
    if let flying = inFlight, random.chance(50) { store.apply(flying.batch) }
    inFlight = nil
    reading = nil
    collecting = StoreBatch()
    batchNumber += 1
    store.reopen()
    peers = []
    held = []
    waiters = []
    locks = []
    listing = nil
    let rows = store.outcomes
    if let lost = history.violation(rows) { fail("E1: after a restart \(lost)") }
    history = History(rows)
    settings = store.settings
    functions = store.functions.union(store.loadable.map { $0.row.key.function })
    jobs = store.loadable.map { id, row in
      sequence += 1
      let version = ModelJob.Version(
        workload: row.workload, due: row.due, sequence: sequence, count: Int(row.count),
        timeout: Int(row.timeout), scheduledAt: row.scheduledAt, origin: row.origin)
      var job = ModelJob(key: row.key, version: version)
      job.id = id
      job.version.previousRunAt = row.previousRunAt
      return job
    }
    start()
  }
}
