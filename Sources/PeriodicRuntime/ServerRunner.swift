import PeriodicCore
import PeriodicLoop
import PeriodicServer
import PeriodicStore

/// Joins a server's core to a loop: its listeners and connections, its store thread, its timer.
///
/// All that a turn brought goes to the core first; at the end of the turn the core says what to
/// write, to close and to store. The loop keeps the runner until `close`, or until it has stopped.
final class ServerRunner: TurnParticipant {
  let loop: Loop
  let core: ServerCore
  let options: ServerOptions
  var needsTurn = true
  private(set) var phase = Phase.made
  private(set) var isServing = false
  var onReady: (() -> Void)?
  var onStopped: ((ServerEnd) -> Void)?

  private var listeners: [Listener] = []
  var connections: [ServerConnection] = []
  private var store: ServerStore?
  private var identityFile: IdentityFile?
  private var hook: SocketHook?
  private var loggedDrops = 0
  var violations = LogLimit()
  var timers: Timers?
  /// Connections on which everything has been said, and that wait for their peer to close.
  ///
  /// To close a socket while the peer still sends makes the system reset the connection, and then
  /// the peer may lose the last reply before it has read it: the reason why a request was refused,
  /// for example. So the writing half is closed first, and what still comes is read and dropped.
  var lingering = DepartingConnections(patience: 2000)
  /// Connections that are over, but for a reply that the peer does not read.
  var stuck = DepartingConnections(patience: 120_000)
  /// Milliseconds for a stop that a client asked for.
  static let patience: Int64 = 10_000
  /// Connections kept for their peers' sake; more are closed at once.
  static let mostLingering = 1024
  private var end = ServerEnd.graceful
  var isAtConnectionLimit = false

  enum Phase {
    case made, started
    /// Held replies go out.
    case stopping
    /// The core is done; peers and the store have yet to close.
    case closing
    case stopped
  }

  struct Timers {
    let core: LoopTimer
    let departure: LoopTimer
    let stop: LoopTimer
  }

  init(_ loop: Loop, _ options: ServerOptions) {
    self.loop = loop
    self.options = options
    var configuration = ServerConfiguration(
      limits: options.limits, settings: options.settings, isDurable: options.store.isDurable)
    if let hook = options.hook, hook.target == .persist { configuration.metrics = hook.queueLimit }
    core = ServerCore(configuration)
    core.budget = loop.budget
    core.onLoss = { [unowned self] count in
      self.options.log?(
        .error, "\(count) jobs are not in the store that were there: was its file changed?")
    }
    core.onViolation = { [unowned self] in noteViolation($1, by: $0) }
    timers = Timers(
      core: LoopTimer(loop) { [unowned self] in changed { core.tick(at: $0) } },
      departure: LoopTimer(loop) { [unowned self] in closeDeparted() },
      stop: LoopTimer(loop) { [unowned self] in stopNow() })
    loop.add(self)
    loop.hasLargeBuffers = true
  }

  // MARK: Life

  func start() throws(ServerError) {
    loop.preconditionOnLoop()
    invariant(phase == .made, "a server is started once")
    let isPersistent = options.hook?.target == .persist
    if isPersistent, !options.store.isDurable {
      throw .options("hook persist: metrics are kept in a store file, and there is none")
    }
    try readIdentities()
    let make = options.store.driver(
      keepsMetrics: isPersistent, reserve: options.storeReserve, sync: options.sync)
    if let make {
      store = try ServerStore(
        loop, core, make: make, log: options.log,
        changed: { [unowned self] in storeChanged() })
      store?.load()
    } else {
      core.storeReady(at: loop.now)
    }
    startHook()
    phase = .started
    needsTurn = true
  }

  private func startHook() {
    guard let options = options.hook, options.target != .persist else { return }
    hook = SocketHook(loop, options, log: self.options.log)
    core.observer = { [unowned self] in hook?.add($0) }
  }

  private func readIdentities() throws(ServerError) {
    guard let path = options.identityFile else { return }
    let file = IdentityFile(
      loop, path, clientsAdminister: options.clientsAdminister, log: options.log,
      changed: { [unowned self] identities in
        changed { core.replaceIdentities(identities, at: $0) }
      })
    core.replaceIdentities(try file.start(), at: loop.now)
    identityFile = file
  }

  func listen(on address: Address) throws(LoopError) -> Address {
    loop.preconditionOnLoop()
    invariant(phase == .made || phase == .started, "a server that stops does not listen")
    let listener = try Listener(loop, address, options: options.socketFile) {
      [unowned self] in accepted($0)
    }
    let bound = listener.address
    listener.onShortage = { [unowned self] in
      options.log?(.warning, "out of descriptors: connections to \(bound) are closed at once")
    }
    listeners.append(listener)
    options.log?(.info, "listening on \(bound)")
    if !bound.isLocal {
      options.log?(
        .warning,
        "\(bound) can be reached from other machines; "
          + (core.identities == nil
            ? "whoever connects can do everything" : "tokens are not encrypted on the way"))
    }
    return bound
  }

  var awaitsThread: Bool { store != nil && core.awaitsStore }

  var connectionCount: Int { connections.count }

  func stop(timeout: Int64) {
    loop.preconditionOnLoop()
    guard phase == .made || phase == .started else { return }
    phase = .stopping
    isServing = false
    closeListeners()
    timers?.stop.arm(at: loop.now.monotonic.addingSaturated(max(0, timeout)))
    changed { core.stop(at: $0) }
  }

  /// Ends everything in this call.
  func close() {
    guard phase != .stopped else { return }
    loop.preconditionOnLoop()
    closeConnections()
    store?.close()
    finish()
  }

  func beginBackup(to path: String) -> Bool {
    guard phase == .started, core.beginBackup(to: path) else { return false }
    needsTurn = true
    return true
  }

  func cancelBackup() {
    core.cancelBackup()
    needsTurn = true
  }

  /// The time to stop gracefully is over.
  private func stopNow() {
    if phase == .stopping {
      end = .timedOut
      options.log?(.warning, "stopping with \(connections.count) connections still open")
      beginClosing()
    }
    closeConnections()
    finishIfClosed()
  }

  private func loadFailed(_ error: StoreError) {
    guard phase == .started else { return }
    end = .storeFailed(error)
    options.log?(.error, "the store cannot be read: \(error.message)")
    beginClosing()
    closeConnections()
  }

  /// Nothing more goes to the store.
  private func beginClosing() {
    phase = .closing
    isServing = false
    noteUnwritten()
    closeListeners()
    store?.beginClosing()
  }

  /// Ends that no store has: their jobs come back.
  private func noteUnwritten() {
    guard options.store.isDurable, core.health.state != .working, core.unwrittenChanges > 0
    else { return }
    options.log?(
      .error,
      "\(core.unwrittenChanges) changes were not written, and nobody was told that they were: "
        + "jobs that ended will run again")
  }

  func finishIfClosed() {
    guard phase == .closing, connections.isEmpty, store?.isClosed != false else { return }
    finish()
    options.log?(.info, "stopped")
    onStopped?(end)
  }

  private func finish() {
    phase = .stopped
    needsTurn = false
    core.onStoreChange = nil
    store?.close()
    store = nil
    identityFile = nil
    core.observer = nil
    hook?.close()
    hook = nil
    timers = nil
    loop.remove(self)
  }

  private func storeChanged() {
    needsTurn = true
    if let error = store?.loadError { loadFailed(error) }
    finishIfClosed()
  }

  private func closeListeners() {
    for listener in listeners { listener.close() }
    listeners = []
  }

  private func closeConnections() {
    closeListeners()
    for connection in connections {
      connection.place = nil
      connection.stream.close()
      if let session = connection.session { core.closed(session, at: loop.now) }
      connection.session = nil
    }
    connections = []
    lingering.removeAll()
    stuck.removeAll()
  }

  // MARK: Turns

  func endOfTurn(at now: Now) {
    needsTurn = false
    guard phase == .started || phase == .stopping else { return }
    core.clocksAreOne = loop.hasVirtualClock
    if phase == .started { store?.restoreSome(at: now) }
    core.endOfTurn(at: now) { act($0) }
    if core.hasMoreWork || store?.hasLoaded == true { needsTurn = true }
    if hook?.flush() == true { needsTurn = true }
    noteDroppedMetrics()
  }

  /// Speaks of the first metric dropped, and again after each so many.
  private func noteDroppedMetrics() {
    guard let hook = options.hook, core.droppedMetrics >= loggedDrops, core.droppedMetrics > 0
    else { return }
    loggedDrops = core.droppedMetrics + max(1, hook.dropLogInterval)
    options.log?(.warning, "hook: \(core.droppedMetrics) metrics dropped, the store is busy")
  }

  func act(_ action: ServerAction) {
    switch action {
    case .write(let session): connection(of: session).map { write($0, session) }
    case .close(let session): connection(of: session).map { release($0) }
    case .pause(let session): connection(of: session)?.stream.pauseReading()
    case .resume(let session): connection(of: session)?.stream.startReading()
    case .apply(let batch):
      guard let store else { fatalError("a server without a store has no batch") }
      store.apply(batch)
    case .read(let read): store?.read(read)
    case .probe: store?.probe()
    case .beginBackup(let path): store?.beginBackup(to: path)
    case .cancelBackup: store?.cancelBackup()
    case .wake(let time): timers?.core.arm(at: time)
    case .ready:
      isServing = true
      options.log?(.info, "ready: \(core.jobCount) jobs")
      onReady?()
    case .stopping:
      loop.soon { [weak self] in
        guard let self else { return }
        options.log?(.info, "stopping, as a client asked")
        stop(timeout: ServerRunner.patience)
      }
    case .stopped:
      // Not from inside the core's own call.
      loop.soon { [weak self] in
        guard let self, phase == .stopping else { return }
        beginClosing()
        finishIfClosed()
      }
    }
  }

  func connection(of session: Session) -> ServerConnection? {
    session.connection as? ServerConnection
  }

  /// Has the core do something, and asks for the end of the turn.
  func changed(_ body: (Now) -> Void) {
    needsTurn = true
    body(loop.now)
  }
}
