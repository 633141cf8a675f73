import PeriodicCore
import PeriodicServer
import PeriodicStore
import PeriodicWire

/// One seeded run of the whole server core: real codecs, gate and engine over simulated bytes,
/// store and time, with split reads, slow readers, lost connections, a slow or failing store, and
/// crashes.
public final class ServerWorld {
  /// What is known of one job from outside.
  struct Story {
    /// Submits sent, in order; the version is the workload.
    var sent = 0
    /// The newest version whose submit was answered with success.
    var acknowledged = 0
    /// The version that was newest when somebody last asked to end the job, by remove or by done.
    var endAsked = 0
    /// The version that was newest when an end was last acknowledged.
    var ended = 0
    /// Somebody may have been running the job when the newest submit arrived: then success promises
    /// that run, and not the new version.
    var mayRun = false
  }

  public let seed: UInt64
  var random: Random
  public private(set) var digest = Digest()
  private var trace: [String] = []
  var steps = 0

  let configuration: ServerConfiguration
  var core: ServerCore
  var now = Now(monotonic: 5000, wall: 1_700_000_000_000)
  var wakeAt: Int64 = .max
  var hasStopped = false
  var peers: [SimulatedPeer] = []
  var stories: [KeyName: Story] = [:]
  var keys: [KeyName] = []
  let functionCount = 3
  /// Nobody removes, drops or runs the jobs of this one: those are the ones that take locks.
  let lockFunction = "f2"
  /// Which function's workers of generation 2 say BROADCAST; -1 for none.
  let broadcastFunction: Int
  var dumps: [Dump] = []
  var pieces = 0
  var lastSetting = 1000
  var acknowledgedSettings: [String: Int] = [:]
  /// SHUTDOWN is on its way, or has arrived.
  var isEnding = false

  var store = ModelStore()
  /// Batches with the store, and when it answers next.
  var flying: [StoreBatch] = []
  var storeAnswersAt: Int64 = .max
  /// Reads under way, in their order.
  var reads: [(read: StoreRead, arrives: Int64)] = []
  private var probeArrives: Int64?
  /// Batches that fail one after the other.
  private var failuresLeft = 0
  var isHealed = false

  public init(seed: UInt64) {
    self.seed = seed
    random = Random(seed: seed ^ 0x5e1f)
    var limits = Limits()
    limits.frameBytes = 1 << 20
    if random.chance(30) { limits.batchOperations = 4 }
    if random.chance(20) { limits.outputPauseBytes = 200 }
    if random.chance(50) { limits.cacheBytes = random.below(4) }
    if random.chance(30) { limits.largeWorkloadBytes = 1 + random.below(3) }
    configuration = ServerConfiguration(limits: limits, isDurable: random.chance(75))
    broadcastFunction = random.chance(30) ? 1 : -1
    core = ServerCore(configuration)
    for function in 0..<3 {
      for name in 0..<5 { keys.append(KeyName(function: "f\(function)", name: "n\(name)")) }
    }
    for key in keys { stories[key] = Story() }
    load()
  }

  public func run(steps: Int) {
    for _ in 0..<steps {
      self.steps += 1
      pass(Int64(random.below(200)))
      act()
      turn()
      if hasStopped { startAgain() }
    }
    heal()
  }

  /// The next process, after one that ended in good order: what was acknowledged is there.
  func startAgain() {
    log("stopped")
    expect(!peers.contains { $0.isOpen }, "2.11: a connection outlives the server")
    expect(flying.isEmpty, "2.11: the server ended before its store")
    hasStopped = false
    isEnding = false
    reads = []
    probeArrives = nil
    wakeAt = .max
    store.reopen()
    if configuration.isDurable {
      checkRows()
    } else {
      for key in keys { update(key) { $0.endAsked = $0.sent } }
      acknowledgedSettings = [:]
      store = ModelStore()
    }
    core = ServerCore(configuration)
    load()
  }

  func log(_ line: @autoclosure () -> String) {
    let line = "\(steps) \(line())"
    digest.add(line)
    trace.append(line)
    if trace.count > 120 { trace.removeFirst() }
  }

  func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
    if condition { return }
    let last = trace.joined(separator: "\n")
    fatalError("\n\(last)\nseed \(seed), step \(steps): \(what())")
  }

  func pass(_ milliseconds: Int64) {
    now.monotonic += milliseconds
    now.wall += milliseconds
    if storeAnswersAt <= now.monotonic { storeAnswers() }
    while let first = reads.first, first.arrives <= now.monotonic {
      reads.removeFirst()
      storeReads(first.read)
    }
    if let probeArrives, probeArrives <= now.monotonic { answerProbe() }
    if wakeAt <= now.monotonic {
      wakeAt = .max
      core.tick(at: now)
    }
  }

  // MARK: The store

  private func load() {
    store.load { core.restore($0, at: now) }
    core.storeReady(at: now)
    turn()
  }

  private func storeReads(_ read: StoreRead) {
    let rows = StoreBatch()
    if !isHealed, random.chance(10) {
      log("the store cannot read")
      return core.wasRead(read, rows: rows, failure: StoreError(.failed, "simulated"), at: now)
    }
    for id in read.ids { store.read(id) { rows.append(.put($0)) } }
    core.wasRead(read, rows: rows, failure: nil, at: now)
  }

  /// Some of the oldest batches are durable together, or all fail.
  private func storeAnswers() {
    storeAnswersAt = .max
    if random.chance(10) { failuresLeft = 1 + random.below(8) }
    if !isHealed, failuresLeft > 0 {
      failuresLeft -= 1
      log("the store fails \(flying.count)")
      flying = []
      core.storeFailed(failure(), at: now)
    } else {
      let count = isHealed ? flying.count : 1 + random.below(flying.count)
      log("the store has \(count) of \(flying.count)")
      keep(count)
      core.stored(count, at: now)
    }
    awaitStore()
  }

  private func keep(_ count: Int) {
    for batch in flying[..<count] { store.apply(batch) }
    flying.removeFirst(count)
  }

  private func awaitStore() {
    guard !flying.isEmpty, storeAnswersAt == .max else { return }
    storeAnswersAt = now.monotonic + Int64(isHealed ? 1 : random.below(1200))
  }

  private func answerProbe() {
    probeArrives = nil
    let fails = !isHealed && random.chance(30)
    log("a probe \(fails ? "fails" : "succeeds")")
    core.probed(fails ? failure() : nil, at: now)
  }

  private func failure() -> StoreError {
    let codes: [StoreError.Code] = [.full, .failed, .full, .busy, .failed, .denied, .corrupt]
    return StoreError(codes[random.below(codes.count)], "simulated")
  }

  func crash() {
    guard configuration.isDurable else { return }
    log("crash")
    keep(random.below(flying.count + 1))
    flying = []
    storeAnswersAt = .max
    reads = []
    probeArrives = nil
    wakeAt = .max
    for peer in peers {
      peer.isOpen = false
      peer.locks = []
    }
    isEnding = false
    store.reopen()
    checkRows()
    core = ServerCore(configuration)
    load()
  }

  /// E1: an acknowledged job is there, unless somebody asked to end it; an ended one is not.
  func checkRows() {
    let rows = Dictionary(
      uniqueKeysWithValues: store.loadable.map { ($0.row.key, $0.row.workload) })
    for key in keys {
      guard let story = stories[key] else { continue }
      let version = rows[key].flatMap { Int($0) } ?? 0
      if story.acknowledged > story.endAsked {
        expect(version >= story.acknowledged, "E1: \(key) lost \(story.acknowledged)")
      }
      if story.ended == story.sent {
        expect(version == 0, "E1: \(key) was ended at \(story.ended) and came back as \(version)")
      }
    }
  }

  // MARK: A turn

  func turn() {
    deliver()
    repeat {
      core.endOfTurn(at: now) { action in carryOut(action) }
    } while core.hasMoreWork
  }

  /// Lets bytes arrive, in pieces of any size.
  private func deliver() {
    for peer in peers where peer.isOpen && !peer.toServer.isEmpty && !peer.isPaused {
      let all = isHealed || random.chance(50)
      let count = all ? peer.toServer.count : 1 + random.below(peer.toServer.count)
      core.receive(Bytes(rebasing: peer.toServer.bytes[..<count]), on: peer.session, at: now)
      core.passBatch(at: now) { carryOut($0) }
      peer.toServer.consume(count)
      if peer.toServer.isEmpty { peer.refused = [] }
    }
  }

  private func carryOut(_ action: ServerAction) {
    switch action {
    case .write(let session): write(session)
    case .close(let session), .pause(let session), .resume(let session):
      guard let peer = session.connection as? SimulatedPeer else { return }
      switch action {
      case .close:
        peer.isOpen = false
        if peer.hasEnded, !isEnding {
          expect(peer.outstanding.isEmpty, "E5: closed before \(peer.outstanding)")
        }
      case .pause: peer.isPaused = true
      default: peer.isPaused = false
      }
    case .apply(let batch):
      flying.append(batch)
      awaitStore()
    case .read(let read):
      let wait = isHealed ? 1 : random.below(600)
      reads.append((read, max(reads.last?.arrives ?? 0, now.monotonic + Int64(wait))))
    case .probe: probeArrives = now.monotonic + Int64(isHealed ? 1 : random.below(1200))
    case .wake(let time): wakeAt = time
    // Nobody asks for a backup.
    case .ready, .stopping, .beginBackup, .cancelBackup: break
    case .stopped: hasStopped = true
    }
  }

  private func write(_ session: Session) {
    guard let peer = session.connection as? SimulatedPeer, peer.isOpen else { return }
    let output = session.output
    let count = isHealed || random.chance(80) ? output.count : random.below(output.count + 1)
    peer.fromServer.append(Bytes(rebasing: output[..<count]))
    session.wrote(count)
    read(peer)
    if !session.output.isEmpty { unwritten.append(session) }
  }

  var unwritten: [Session] = []

  /// A slow reader's socket takes some more.
  func drain() {
    let sessions = unwritten
    unwritten = []
    for session in sessions where !session.output.isEmpty {
      write(session)
      core.drained(session, at: now) { carryOut($0) }
    }
  }
}
