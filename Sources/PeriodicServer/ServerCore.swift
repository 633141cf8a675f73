public import PeriodicCore
import PeriodicEngine
public import PeriodicStore
import PeriodicWire

/// The server without its sockets: bytes and completions in, bytes and batches out.
///
/// The shell reports what happens (`open`, `receive`, `closed`, `tick`, `stored`), and after each
/// turn of its loop calls `endOfTurn` once, which tells it what to do: write, close, pause, hand a
/// batch to the store, wake up. Nothing here does I/O or reads a clock.
///
/// Confined to one thread.
public final class ServerCore {
  /// How far the server is.
  enum Phase {
    /// The store is being read: HTTP is told so, other input waits.
    case starting
    /// The first numbers are on their way to the store.
    case reserving
    case serving
    /// No new work; what is held goes out, then everything closes.
    case stopping
    case stopped
  }

  public let configuration: ServerConfiguration
  /// Whether the wall clock goes with the monotonic one: no steps of it have to be looked for.
  public var clocksAreOne = false
  var engine: Engine
  var phase = Phase.starting
  /// Who may do what; `nil` allows everything to everybody.
  public internal(set) var identities: Identities?
  /// Grows with each change of `identities`.
  var rules: UInt64 = 1
  var gate = CommitGate()
  /// How many commands this turn may handle; without a bound unless the shell gives one.
  public var budget = TurnBudget()
  /// Sessions among the stalled wait for the next turn's budget.
  var waitsForTurn = false
  var effects = Effects()
  /// Data of the request in hand, if they are large and may be kept without a copy.
  var sharedData: SharedBytes?

  /// By the engine's slot: who gets a reply.
  var sessions: [Session?] = []
  /// Every open connection.
  var connections: [ObjectIdentifier: Session] = [:]
  /// Those among them whose silence means something.
  var distant = 0
  var connectionIDs: UInt32 = 0
  /// Connections that were ever open.
  var opened: UInt64 = 0
  /// Sessions with something to write or to close, in the order in which they got it.
  var dirty: [Session] = []
  /// Sessions whose input waits for the store or for the start.
  var stalled: [Session] = []
  /// Sessions with a cursor.
  var moving: [Session] = []
  /// Why a job of the LOAD in hand was not kept.
  var loadRefusal: Refusal?
  /// Sessions to be paused or resumed at the end of the turn.
  var readingChanges: [Session] = []
  /// HTTP sessions whose last request has been answered.
  var resuming: [Session] = []
  /// Sessions that have not yet said who they are, or what they want.
  var awaited = AwaitedSessions()
  var nextSweep: Int64 = .min
  var wakeAt: Int64?
  /// Service has begun, and the shell has not heard of it.
  var hasNews = false
  /// Somebody asked for the end of service, and the shell has not heard of it.
  var wasAskedToStop = false
  /// Hears of everything that happens to jobs and locks; what it borrows is good for the call.
  public var observer: ((EngineEvent) -> Void)? {
    didSet { engine.isObserved = observer != nil || configuration.metrics != nil }
  }
  /// Hears of each connection that is closed because of what it sent, and what that was.
  public var onViolation: ((Session, String) -> Void)?
  /// Metrics that the store could not take in time.
  public internal(set) var droppedMetrics = 0
  /// Hears how many jobs were not in the store that should have been there: it was changed or
  /// damaged behind this server's back.
  public var onLoss: ((Int) -> Void)?
  /// Whether jobs are being read to be handed out.
  var isReading = false
  /// Reads that DUMPs want, and reads that failed, with the time to try them again.
  var wantedReads: [StoreRead] = []
  var failedReads: [StoreRead] = []
  var readAgainAt: Int64?
  /// How the store does.
  public internal(set) var health = StoreHealth()
  /// What has become of the last backup.
  public internal(set) var backup = BackupState()
  /// What the shell has not heard of yet.
  var backupRequest: BackupRequest?
  /// Hears of each change of the store's state, after it.
  public var onStoreChange: (() -> Void)?

  public init(_ configuration: ServerConfiguration) {
    self.configuration = configuration
    engine = Engine(limits: configuration.limits, isDurable: configuration.isDurable)
    engine.settings = configuration.settings
    engine.isObserved = configuration.metrics != nil
    identities = configuration.identities
  }

  deinit { awaited.removeAll() }

  // MARK: The store

  /// Takes one item that the store handed back; called before `storeReady`.
  public func restore(_ item: StoredItem, at now: Now) {
    engine.restore(item, at: now)
  }

  /// Everything is loaded. Serving begins as soon as the first numbers are durable.
  public func storeReady(at now: Now) {
    invariant(phase == .starting, "a server starts once")
    phase = .reserving
    engine.start(into: &effects)
    carryOut(for: nil)
    if gate.isIdle { beginServing(at: now) }
  }

  /// The store has made the oldest `count` batches durable that it was given and has not answered
  /// for.
  public func stored(_ count: Int, at now: Now) {
    let flights = gate.arrived(count)
    let isRefusable = flights.contains { $0.batch.isRefusable }
    changeHealth { $0.wrote(isRefusable: isRefusable, at: now.monotonic) }
    for flight in flights { send(flight.held, at: now) }
    let newest = flights.last?.number ?? 0
    gate.landed()
    engine.committed(newest, at: now, into: &effects)
    carryOut(for: nil)
    if phase == .reserving { beginServing(at: now) }
  }

  /// The store could not write. It has nothing of the batches that it has not answered for, and
  /// does not look at those any more that it was given before the shell reports this.
  public func storeFailed(_ failure: StoreError, at now: Now) {
    let isRefusable = gate.flying.contains { $0.batch.isRefusable }
    changeHealth { $0.failed(failure, isRefusable: isRefusable, at: now.monotonic) }
    let (answered, numbers) = gate.failed(
      isFull: health.state == .full, refusesAll: health.refusal != nil)
    engine.collectingBatch = gate.number
    send(answered, at: now)
    batchesFailed(numbers)
    engine.failed(numbers.upperBound, at: now, into: &effects)
    carryOut(for: nil)
  }

  /// The store says whether it can write, as `ServerAction.probe` asked.
  public func probed(_ failure: StoreError?, at now: Now) {
    changeHealth { $0.probed(failure, at: now.monotonic) }
  }

  private func changeHealth(_ change: (inout StoreHealth) -> Void) {
    let before = health.state
    change(&health)
    engine.refusal = health.refusal
    if health.state != before { onStoreChange?() }
  }

  // MARK: Time and the end

  /// The moment asked for by `ServerAction.wake` has come.
  public func tick(at now: Now) {
    wakeAt = nil
    if phase == .serving {
      engine.tick(at: now, into: &effects)
      carryOut(for: nil)
    }
    closeSilent(at: now)
  }

  /// Ends service: no new jobs and no assignments from now on. Everything acknowledged is written,
  /// every held reply goes out, then `ServerAction.stopped` follows.
  public func stop(at now: Now) {
    if phase == .stopping || phase == .stopped { return }
    phase = .stopping
    engine.isDraining = true
  }

  /// Jobs kept, in any state.
  public var jobCount: Int { engine.totalJobs }

  /// Changes that are not durable yet. Nobody has been told of them.
  public var unwrittenChanges: Int { gate.unwritten }

  /// Whether the store has been asked for something and will answer.
  public var awaitsStore: Bool { phase == .starting || !gate.flying.isEmpty || isReading }

  /// Whether `endOfTurn` has more to do without new input: the shell should not wait.
  ///
  /// Work that waits for the store is none: the store's answer begins a turn.
  public var hasMoreWork: Bool {
    if !dirty.isEmpty || !resuming.isEmpty || waitsForTurn || canMoveCursors { return true }
    if engineMayWork { return true }
    if phase == .serving, !isReading, engine.wantsReads { return true }
    return gate.canSeal && health.pausedUntil == nil
  }

  /// Whether the engine has work that does not wait for the store.
  var engineMayWork: Bool { engine.hasWork && gate.load(configuration.limits) < 1 }

  private func send(_ held: CommitGate.Held, at now: Now) {
    CommitGate.forEach(held) { entry, reply, _, _ in send(reply, to: entry.session, at: now) }
  }

  private func beginServing(at now: Now) {
    phase = .serving
    hasNews = true
    nextSweep = now.monotonic.addingSaturated(sweepInterval)
    resumeStalled(at: now)
  }
}

/// What a server is told once.
public struct ServerConfiguration: Sendable {
  public var limits: Limits
  public var settings: Settings
  /// Whether a store outlives the process. If not, nothing waits for one.
  public var isDurable: Bool
  /// Who may do what; `nil` allows everything to everybody.
  public var identities: Identities?
  /// How many metrics may wait for the store; `nil` if none are kept (PROTOCOL 2.12).
  public var metrics: Int?

  public init(
    limits: Limits = Limits(), settings: Settings = Settings(), isDurable: Bool = false,
    identities: Identities? = nil
  ) {
    self.limits = limits
    self.settings = settings
    self.isDurable = isDurable
    self.identities = identities
  }
}

/// What the shell shall do.
public enum ServerAction {
  /// `session.output` has bytes; report what the socket took with `session.wrote`.
  case write(Session)
  /// Close the connection: everything that counts has been written.
  case close(Session)
  /// Stop, and go on, reading from the connection.
  case pause(Session)
  case resume(Session)
  /// Give the batch to the store, and report with `stored` or `storeFailed`. Several at a time, in
  /// their order.
  case apply(StoreBatch)
  /// Have the store read these jobs, and report with `wasRead`. Several at a time.
  case read(StoreRead)
  /// Ask the store whether it can write, and report with `probed`.
  case probe
  /// Have the store begin a backup in this new file, and report with `backupChanged`.
  case beginBackup(String)
  /// Have it given up, if it still goes on, and report likewise.
  case cancelBackup
  /// Call `tick` at this monotonic time. Replaces what was asked before.
  case wake(at: Int64)
  /// Everything is loaded, and requests are carried out from now on.
  case ready
  /// A client asked for the end of service, which has begun: close the listeners.
  case stopping
  /// The last reply is out and everything is closed.
  case stopped
}
