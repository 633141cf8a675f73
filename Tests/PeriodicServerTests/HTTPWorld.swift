import PeriodicCore
import PeriodicServer
import PeriodicStore
import PeriodicWire
import SimulationKit

/// A server core between simulated HTTP clients, a worker and a store: requests in any pieces, slow
/// readers, clients that stop sending or vanish, a store that is slow or full.
final class HTTPWorld {
  let seed: UInt64
  var random: Random
  let core: ServerCore
  var now = Now(monotonic: 5000, wall: 1_700_000_000_000)
  private(set) var clients: [HTTPClient] = []
  private var worker: EchoWorker?
  private var wakeAt = Int64.max
  /// Batches with the store, and when it answers for all that are there.
  private var flying = 0
  private var storeAnswers: Int64 = .max
  private var probeArrives: Int64?
  private var unwritten: [Session] = []
  private(set) var hasStopped = false
  var isHealed = false
  /// What must not have happened.
  private(set) var problems: [String] = []

  init(seed: UInt64) {
    self.seed = seed
    random = Random(seed: seed)
    var limits = Limits()
    if random.chance(30) { limits.outputPauseBytes = 300 }
    if random.chance(30) { limits.batchOperations = 2 }
    core = ServerCore(ServerConfiguration(limits: limits, isDurable: random.chance(75)))
    core.storeReady(at: now)
    isHealed = true
    while !isServing { step() }
    if let session = core.open(at: now) {
      worker = EchoWorker(session)
      session.connection = worker
    }
    // Until the worker is known.
    for _ in 0..<3 { step() }
    isHealed = false
  }

  private var isServing = false

  func problem(_ text: String) { problems.append("seed \(seed): \(text)") }

  func connect(_ requests: [HTTPExpectation]) {
    guard let session = core.open(at: now) else { return problem("a connection was refused") }
    let client = HTTPClient(session, requests)
    session.connection = client
    clients.append(client)
  }

  /// One turn, and a little time.
  func step() {
    now.monotonic += Int64(random.below(isHealed ? 5 : 40))
    now.wall = now.monotonic + 1_700_000_000_000
    if storeAnswers <= now.monotonic {
      let count = flying
      (flying, storeAnswers) = (0, .max)
      if !isHealed, random.chance(15) {
        core.storeFailed(StoreError(.full, "simulated"), at: now)
      } else {
        core.stored(count, at: now)
      }
    }
    if let arrives = probeArrives, arrives <= now.monotonic {
      probeArrives = nil
      let fails = !isHealed && random.chance(30)
      core.probed(fails ? StoreError(.full, "simulated") : nil, at: now)
    }
    if wakeAt <= now.monotonic {
      wakeAt = .max
      core.tick(at: now)
    }
    drain()
    for client in clients { send(client) }
    if let worker { send(worker) }
    repeat { core.endOfTurn(at: now) { carryOut($0) } } while core.hasMoreWork
  }

  private func send(_ client: HTTPClient) {
    guard client.isOpen, !client.isPaused, !client.hasEnded else { return }
    if client.unsent.isEmpty {
      if client.endsEarly {
        client.hasEnded = true
        core.receivedEnd(on: client.session, at: now)
      }
      return
    }
    if !isHealed, random.chance(40) { return }
    let most = [1, 7, 80, 2000][random.below(4)]
    let count = min(client.unsent.count, isHealed ? 2000 : 1 + random.below(most))
    Array(client.unsent.prefix(count)).withUnsafeBytes {
      core.receive($0, on: client.session, at: now)
    }
    client.unsent.removeFirst(count)
  }

  private func send(_ worker: EchoWorker) {
    guard !worker.unsent.isEmpty, isHealed || random.chance(60) else { return }
    core.receive(worker.unsent.bytes, on: worker.session, at: now)
    worker.unsent.reset(keeping: 1024)
  }

  /// A client's connection breaks.
  func lose(_ client: HTTPClient) {
    guard client.isOpen else { return }
    client.isOpen = false
    client.isLost = true
    core.closed(client.session, at: now)
  }

  private func carryOut(_ action: ServerAction) {
    switch action {
    case .write(let session): write(session)
    case .close(let session):
      guard let client = session.connection as? HTTPClient else { return }
      if !client.isOpen { problem("closed twice") }
      client.isOpen = false
    case .pause(let session): (session.connection as? HTTPClient)?.isPaused = true
    case .resume(let session): (session.connection as? HTTPClient)?.isPaused = false
    case .apply:
      flying += 1
      storeAnswers = min(storeAnswers, now.monotonic + Int64(isHealed ? 1 : random.below(300)))
    case .read: problem("a job due now is read back")
    case .wake(let time): wakeAt = time
    case .probe: probeArrives = now.monotonic + Int64(isHealed ? 1 : random.below(300))
    case .ready: isServing = true
    case .stopping, .beginBackup, .cancelBackup: break
    case .stopped: hasStopped = true
    }
  }

  private func write(_ session: Session) {
    let output = session.output
    if let worker = session.connection as? EchoWorker {
      worker.receive(output)
      session.wrote(output.count)
      return
    }
    guard let client = session.connection as? HTTPClient else { return }
    if !client.isOpen { problem("written after the close") }
    let count = isHealed || random.chance(70) ? output.count : random.below(output.count + 1)
    client.received.append(contentsOf: output[..<count])
    session.wrote(count)
    if !session.output.isEmpty { unwritten.append(session) }
  }

  private func drain() {
    let sessions = unwritten
    unwritten = []
    for session in sessions where !session.output.isEmpty {
      write(session)
      core.drained(session, at: now) { carryOut($0) }
    }
  }
}
