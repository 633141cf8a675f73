public import PeriodicCore

/// Decides: what is kept, when it is due, who gets it, and what each peer hears.
///
/// A pure state machine. Every command is handled in one call, which appends what is to be done to
/// `effects`; time comes in with the call, nothing here reads a clock, draws a number or waits. The
/// same engine runs in the daemon, in the simulator and under a virtual clock.
///
/// With a durable store the engine follows the commit gate: a new version of a job is staged and
/// cannot be assigned until `committed` says that its batch is durable; ends apply at once.
///
/// No call works longer than about a millisecond: what could, is a cursor that `work` moves on.
///
/// - Invariant: between calls no function has both an assignable job that is due and a willing
///   connection, except while `hasWork`.
public struct Engine: ~Copyable {
  /// Never set. What holds an existential is passed by its address; without one the compiler copies
  /// the whole kilobyte for each call of a method that does not mutate, thirty times a job.
  private let isPassedByAddress: Any? = nil

  public let limits: Limits
  public var settings = Settings()
  /// Whether a store outlives the process: stage versions and emit store operations.
  let isDurable: Bool
  /// Hand nothing out any more: the server is stopping.
  public var isDraining = false
  /// Why nothing new is kept at present; what is kept already can still be ended and removed.
  public var refusal: Refusal?
  /// Emit events, for hooks.
  public var isObserved = false
  /// The number of the batch that store operations emitted now will go with.
  public var collectingBatch: UInt64 = 1

  let jobs = Slab<JobRecord>()
  let activities = Slab<Activity>()
  let functions = Slab<FunctionRecord>()
  let sessions = Slab<SessionRecord>()
  let registrations = Slab<Registration>()
  let runs = Slab<Run>()
  let offers = Slab<Offer>()
  let rounds = Slab<Round>()
  let versions = Slab<StagedVersion>()
  let waitLists = Slab<WaitList>()
  let waiters = Slab<Waiter>()
  let locks = Slab<LockRecord>()
  let claims = Slab<Claim>()
  var bytes = BlockArena()
  var workloads = KeptWorkloads()

  let hashing = SeededHash()
  var jobIndex = HashIndex()
  var functionIndex = HashIndex()
  var runIndex = HashIndex()
  var offerIndex = HashIndex()
  var waitIndex = HashIndex()
  var waiterIndex = HashIndex()
  var lockIndex = HashIndex()
  /// The function that was found last, unless it has gone since.
  var recentFunction: Slot = .none
  /// Functions in the order of their names' bytes, for STATUS.
  var sortedFunctions: [Slot] = []

  /// Functions with a job in the heap and a ring that is not empty, by the first job's due time.
  var wakeUps = IndexedHeap<FunctionRecord>()
  /// Runs by the monotonic time at which something happens to them.
  var deadlines = TimingWheel<Run>()
  /// Waiters by the monotonic time at which they have waited long enough.
  var waiterDeadlines = IndexedHeap<Waiter>()
  /// Locks that are held, by the monotonic time since when.
  var holdings = IndexedHeap<Claim>()

  var numbers: Numbers
  var sequence: UInt64 = 0
  /// Jobs kept, without those of dropped functions.
  var jobCount = 0
  /// Bytes of their names and workloads, in memory or not.
  var byteCount = 0
  /// Bytes of workloads in memory.
  public internal(set) var cachedBytes = 0
  var lastWall: Int64 = .min
  var lastMonotonic: Int64 = .min
  var sessionGeneration: UInt32 = 0

  // Cursors: what `work` has still to do.
  /// The newest batch that is durable.
  public internal(set) var committedBatch: UInt64 = 0
  var firstStaged: Slot = .none
  var lastStaged: Slot = .none
  var firstDropped: Slot = .none
  var lastDropped: Slot = .none
  /// Rows of dropped functions deleted since the store last caught up, and the batch of the newest.
  var droppedRows = 0
  var droppedBatch: UInt64 = 0
  var closingSessions: [Slot] = []
  var hasClockWork = false
  /// Functions to be served at the end of the call.
  var marked: [Slot] = []
  /// Locks that may have become free in this call.
  var markedLocks: [Slot] = []
  /// Names of freed functions and locks that effects of the last call may still borrow.
  var retiredNames: [Bytes] = []
  /// Jobs that were put back, until the store has that; and jobs that leave memory at the end of
  /// the call unless somebody takes them.
  var cooling = ParkingQueue()
  var overflow: [Parking] = []
  /// Functions for which something is to be read, and whether something is being read.
  var hungry: [Slot] = []
  var isReading = false
  /// Bytes that effects of the last call may still borrow.
  var retiredBlocks: [RetiredBlock] = []

  /// - Parameter isDurable: whether store operations are wanted, and `committed` will follow.
  public init(limits: Limits = Limits(), isDurable: Bool) {
    self.limits = limits
    self.isDurable = isDurable
    numbers = Numbers(durable: isDurable)
  }

  deinit {
    for slot in sortedFunctions { functions[slot].pointee.heap.destroy() }
    var dropped = firstDropped
    while dropped != .none {
      functions[dropped].pointee.heap.destroy()
      dropped = functions[dropped].pointee.nextDropped
    }
    jobIndex.destroy()
    functionIndex.destroy()
    runIndex.destroy()
    offerIndex.destroy()
    waitIndex.destroy()
    waiterIndex.destroy()
    lockIndex.destroy()
    wakeUps.destroy()
    deadlines.destroy()
    waiterDeadlines.destroy()
    holdings.destroy()
    jobs.destroy()
    activities.destroy()
    functions.destroy()
    sessions.destroy()
    registrations.destroy()
    runs.destroy()
    offers.destroy()
    rounds.destroy()
    versions.destroy()
    waitLists.destroy()
    waiters.destroy()
    locks.destroy()
    claims.destroy()
  }

  /// Whether `work` has something to do now.
  public var hasWork: Bool {
    hasClockWork || !closingSessions.isEmpty || hasDroppedWork
      || !hasSettled(committedBatch)
      || cooling.first.map { $0.batch <= committedBatch } ?? false
  }

  /// Handles one command of one peer.
  ///
  /// - Precondition: `session` is open, and its role allows the command.
  public mutating func handle(
    _ command: Command, _ message: MessageID, from session: SessionID, at now: Now,
    into effects: inout Effects
  ) {
    observe(now)
    dispatch(command, message, from: session, at: now, into: &effects)
    serveMarked(at: now, into: &effects)
  }

  /// Whether it is worth saying what the next command is about: fewer jobs are in the processor's
  /// own memory anyway.
  public var expectsKeys: Bool { jobIndex.count >= 8192 }

  /// The next command is about this job: lets the memory that will be searched for it come while
  /// the present one is carried out. Nothing depends on it.
  public func expect(_ key: JobKey) {
    guard recentFunction != .none, functions[recentFunction].pointee.bytes.equals(key.function)
    else { return }
    jobIndex.expect(jobHash(key.name, recentFunction))
  }

  @inline(__always)
  private mutating func dispatch(
    _ command: Command, _ message: MessageID, from session: SessionID, at now: Now,
    into effects: inout Effects
  ) {
    let peer = slot(of: session)
    let answer: Answer
    switch command {
    case .ping: answer = .now(.pong)
    case .sleep: answer = .now(.noop)
    case .serverOnly: return
    case .submit(let job):
      answer = submit(job, at: now, into: &effects).map { .now(.refused($0)) } ?? .durable(.success)
    case .run(let job):
      guard let early = run(job, message, peer, at: now, into: &effects) else { return }
      answer = early
    case .receiveData(let job): answer = receiveData(job, message, peer, at: now)
    case .remove(let key): answer = remove(key, at: now, into: &effects)
    case .drop(let function): answer = drop(function, into: &effects)
    case .getSetting(let key): answer = .now(.setting(settings.value(of: key) ?? 0))
    case .setSetting(let key, let value): answer = set(key, to: value, into: &effects)
    case .dump, .load, .shutdown, .status, .undefined: answer = .now(.refused(.unknownCommand))
    default:
      return dispatchWork(command, message, session, peer, at: now, into: &effects)
    }
    reply(answer, message, session, into: &effects)
  }

  /// The commands of workers.
  @inline(__always)
  private mutating func dispatchWork(
    _ command: Command, _ message: MessageID, _ session: SessionID, _ peer: Slot, at now: Now,
    into effects: inout Effects
  ) {
    let answer: Answer
    switch command {
    case .canDo(let function), .broadcast(let function):
      var isBroadcast = false
      if case .broadcast = command { isBroadcast = true }
      answer = register(function, peer, isBroadcast: isBroadcast, into: &effects)
      reply(answer, message, session, into: &effects)
      return serveSession(peer, at: now, into: &effects)
    case .cannotDo(let function): answer = unregister(function, peer)
    case .grab(let confirms):
      return grab(message, session, peer, confirms: confirms, at: now, into: &effects)
    case .assigned: return confirm(message, peer, at: now)
    case .unassigned: return refuse(message, peer, at: now, into: &effects)
    case .done(let run, let data): answer = done(run, data, peer, at: now, into: &effects)
    case .fail(let run): answer = fail(run, peer, at: now, into: &effects)
    case .later(let run, let delay, let step):
      answer = later(run, peer, delay: delay, step: step, at: now, into: &effects)
    case .workData(let run, let data):
      answer = workData(run, data, peer, at: now, into: &effects)
    case .acquire(let lock, let capacity, let run):
      answer = acquire(lock, capacity, run, peer, at: now, into: &effects)
    case .release(let lock, let run):
      answer = release(lock, run, peer, at: now, into: &effects)
    default: answer = .now(.refused(.unknownCommand))
    }
    reply(answer, message, session, into: &effects)
  }

  /// Moves the cursors on by one slice of bounded length.
  public mutating func work(at now: Now, into effects: inout Effects) {
    observe(now)
    if hasClockWork { runClock(at: now, into: &effects) }
    settleCommitted(at: now, into: &effects)
    coolSome(at: now)
    closeSlice(at: now, into: &effects)
    freeDroppedSlice(at: now, into: &effects)
    serveMarked(at: now, into: &effects)
  }

  /// A value takes effect at once; the store keeps what became of it (PROTOCOL 2.9).
  private mutating func set(
    _ key: Bytes, to value: UInt32, into effects: inout Effects
  ) -> Answer {
    if let value = settings.set(key, to: value) {
      store(.setSetting(key: key, value: value), into: &effects)
    }
    return .durable(.success)
  }

  /// What a handler wants said.
  enum Answer {
    case now(Reply)
    case durable(Reply)
  }

  func reply(
    _ answer: Answer, _ message: MessageID, _ session: SessionID, into effects: inout Effects
  ) {
    if message == .none { return }
    switch answer {
    case .now(let reply): effects.appendReply(reply, message, to: session, .nothing)
    case .durable(let reply):
      effects.appendReply(reply, message, to: session, isDurable ? .durable : .nothing)
    }
  }

  func store(_ operation: StoreOperation, into effects: inout Effects) {
    if isDurable { effects.append(.store(operation)) }
  }

  func observe(
    _ kind: EngineEvent.Kind, _ name: Bytes, since start: Int64? = nil,
    into effects: inout Effects
  ) {
    guard isObserved else { return }
    let took = start.map { max(0, lastMonotonic - $0) } ?? 0
    effects.append(.event(EngineEvent(kind, name, milliseconds: took)))
  }
}
