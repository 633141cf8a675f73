import PeriodicClient
import PeriodicCore
import PeriodicServer
import Testing

/// Clients and workers at the real server core, with connections that break.
private final class Town {
  let server = ServerCore(ServerConfiguration())
  var now = Now(monotonic: 5_000, wall: 1_700_000_000_000)
  var dice: Dice
  var clients: [Link<ClientCore>] = []
  var workers: [Link<WorkerCore>] = []
  var wakeAt = Int64.max

  private var submitted = 0
  private var open: [RequestID: String] = [:]
  var acknowledged: Set<String> = []
  var finished: Set<String> = []
  var inHand: [(worker: Int, job: ReceivedJob)] = []

  init(seed: Int) throws {
    dice = Dice(seed: UInt64(seed))
    server.storeReady(at: now)
    var options = ConnectionOptions()
    options.maximumReconnectDelay = 500
    for _ in 0..<2 { clients.append(Link(ClientCore(options: options, seed: 1), at: now)) }
    for index in 0..<3 {
      let core = WorkerCore(slots: 1 + index, options: options, seed: 1)
      workers.append(Link(core, at: now))
      _ = try workers[index].bench.core.canDo(function: .of("f"), timeout: .max, at: now)
    }
  }

  func step(faults: Bool) throws {
    now.monotonic += Int64(dice.roll(20))
    now.wall = now.monotonic + 1_700_000_000_000
    if faults, dice.roll(3) == 0 { try submit() }
    try work(faults)
    for client in clients { client.step(server, &dice, at: now, faults: faults) }
    for worker in workers { worker.step(server, &dice, at: now, faults: faults) }
    if wakeAt <= now.monotonic {
      wakeAt = .max
      server.tick(at: now)
    }
    server.endOfTurn(at: now) { action in
      if case .wake(let time) = action { wakeAt = time }
      _ =
        clients.contains { $0.carryOut(action, server) }
        || workers.contains { $0.carryOut(action, server) }
    }
    try collect()
  }

  private func submit() throws {
    let bench = clients[0].bench
    submitted += 1
    let name = "job \(submitted)"
    let id = try withBytes(of: name) {
      try bench.core.submit(
        JobFields(key: JobKey(function: .of("f"), name: $0)), at: now)
    }
    open[id] = name
  }

  private func collect() throws {
    for completion in clients[0].bench.completions() {
      let asked = open.removeValue(forKey: completion.id)
      let name = try #require(asked)
      if completion.outcome == .success { acknowledged.insert(name) }
    }
    for worker in workers { _ = worker.bench.completions() }
  }

  /// Takes jobs, and reports some of those in hand.
  private func work(_ faults: Bool) throws {
    let index = dice.roll(workers.count)
    let bench = workers[index].bench
    bench.now = now
    if let job = bench.next() { try begin(index, job) }
    guard !inHand.isEmpty, dice.roll(2) == 0 else { return }
    let (worker, job) = inHand.remove(at: dice.roll(inHand.count))
    let core = workers[worker].bench
    switch dice.roll(faults ? 4 : 1) {
    case 1: _ = try core.core.fail(job.token, at: now)
    case 2: _ = try core.core.later(job.token, delay: 0, at: now)
    default:
      finished.insert(job.key.name.text)
      _ = try core.core.done(job.token, at: now)
    }
  }

  private func begin(_ worker: Int, _ job: ReceivedJob) throws {
    for (other, held) in inHand where held.key.name.equals(job.key.name) {
      try #require(!workers[other].bench.isHeld(held), "E2: a job has one holder")
    }
    inHand.append((worker, job))
    try #require(workers[worker].bench.core.heldCount <= workers[worker].bench.core.slotLimit)
  }

  /// Asks the server by the second client.
  func status() throws -> [FunctionStatus] {
    let bench = clients[1].bench
    _ = try bench.core.status(at: now)
    for _ in 0..<500 where bench.core.completionCount == 0 { try step(faults: false) }
    guard case .data(let answer) = bench.outcomes().first else { return [] }
    return FunctionStatus.list(answer)
  }

  var isQuiet: Bool { open.isEmpty && inHand.isEmpty && acknowledged.isSubset(of: finished) }
}

@Suite struct `Clients and workers at the real server` {
  @Test(arguments: 1...15)
  func `get every acknowledged job done, over broken connections`(seed: Int) throws {
    let town = try Town(seed: seed)
    for _ in 0..<1_500 { try town.step(faults: true) }
    for _ in 0..<20_000 where !town.isQuiet { try town.step(faults: false) }
    #expect(town.isQuiet)
    #expect(town.acknowledged.count > 100)
    for _ in 0..<500 { try town.step(faults: false) }
    let status = try town.status()
    #expect(status.map(\.jobs) == [0])
    #expect(status.map(\.workers) == [3])
    for client in town.clients { #expect(!isViolation(client.bench.core.lastLoss)) }
    for worker in town.workers { #expect(!isViolation(worker.bench.core.lastLoss)) }
  }

  private func isViolation(_ loss: LossReason?) -> Bool {
    if case .violation = loss { true } else { false }
  }
}
