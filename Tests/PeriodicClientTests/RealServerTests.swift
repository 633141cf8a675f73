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
  /// Runs that somebody waits for, and how many brought a result.
  private var runs: [RequestID: String] = [:]
  var results = 0
  var inHand: [Hold] = []
  /// Jobs that wait for an answer to ACQUIRE, and those that have the lock.
  private var asking: [[RequestID: Hold]] = [[:], [:], [:]]
  private var holders: [Hold] = []
  var locked = 0

  struct Hold {
    var worker: Int
    var job: ReceivedJob
  }

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
    if faults, dice.roll(3) == 0 { try ask() }
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

  private func ask() throws {
    let bench = clients[0].bench
    submitted += 1
    let name = "job \(submitted)"
    let isRun = dice.roll(4) == 0
    let id = try withBytes(of: name) {
      let job = JobFields(key: JobKey(function: .of("f"), name: $0))
      return try bench.core.request(isRun ? .run(job) : .submit(job), at: now)
    }
    if isRun { runs[id] = name } else { open[id] = name }
  }

  private func collect() throws {
    for completion in clients[0].bench.completions() {
      if let name = runs.removeValue(forKey: completion.id) {
        try heard(completion.outcome, of: name)
      } else {
        let asked = open.removeValue(forKey: completion.id)
        let name = try #require(asked)
        if completion.outcome == .success { acknowledged.insert(name) }
      }
    }
    for index in workers.indices {
      for completion in workers[index].bench.completions() {
        guard let hold = asking[index].removeValue(forKey: completion.id) else { continue }
        try answered(completion.outcome, hold)
      }
    }
  }

  /// PROTOCOL 2.5: the job's own result, or one of the server's words.
  private func heard(_ outcome: Outcome, of name: String) throws {
    switch outcome {
    case .data(let bytes):
      let result = String(decoding: bytes, as: UTF8.self)
      try #require([name, "failed", "expired"].contains(result))
      if result == name { results += 1 }
    case .noWorker, .disconnected, .timedOut: break
    default: Issue.record("a run ended as \(outcome)")
    }
  }

  /// PROTOCOL 2.6: at most two have the lock; the others' jobs come back.
  private func answered(_ outcome: Outcome, _ hold: Hold) throws {
    if outcome == .acquired(false) {
      try #require(!workers[hold.worker].bench.isHeld(hold.job))
      locked += 1
      return
    }
    inHand.append(hold)
    guard outcome == .acquired(true) else { return }
    holders.removeAll { !workers[$0.worker].bench.isHeld($0.job) }
    holders.append(hold)
    try #require(holders.count <= 2, "E6: no more holders than the lock has room for")
  }

  /// Takes jobs, and reports some of those in hand.
  private func work(_ faults: Bool) throws {
    let index = dice.roll(workers.count)
    let bench = workers[index].bench
    bench.now = now
    if let job = bench.next() { try begin(index, job) }
    guard !inHand.isEmpty, dice.roll(2) == 0 else { return }
    let hold = inHand.remove(at: dice.roll(inHand.count))
    let job = hold.job
    let core = workers[hold.worker].bench
    switch dice.roll(faults ? 4 : 1) {
    case 1: _ = try core.core.fail(job.token, at: now)
    case 2: _ = try core.core.later(job.token, delay: 0, at: now)
    default:
      finished.insert(job.key.name.text)
      _ = try core.core.done(job.token, data: job.key.name, at: now)
    }
  }

  private func begin(_ worker: Int, _ job: ReceivedJob) throws {
    for held in inHand where held.job.key.name.equals(job.key.name) {
      try #require(!workers[held.worker].bench.isHeld(held.job), "E2: a job has one holder")
    }
    let bench = workers[worker].bench
    try #require(bench.core.heldCount <= bench.core.slotLimit)
    guard dice.roll(2) == 0 else { return inHand.append(Hold(worker: worker, job: job)) }
    let id = try bench.core.acquire(lock: .of("L"), capacity: 2, job.token, timeout: .max, at: now)
    asking[worker][id] = Hold(worker: worker, job: job)
  }

  /// Asks the server by the second client.
  func status() throws -> [FunctionStatus] {
    let bench = clients[1].bench
    _ = try bench.core.status(at: now)
    for _ in 0..<500 where bench.core.completionCount == 0 { try step(faults: false) }
    guard case .data(let answer) = bench.outcomes().first else { return [] }
    return FunctionStatus.list(answer)
  }

  var isQuiet: Bool {
    open.isEmpty && runs.isEmpty && inHand.isEmpty && asking.allSatisfy(\.isEmpty)
      && acknowledged.isSubset(of: finished)
  }
}

@Suite struct `Clients and workers at the real server` {
  @Test(arguments: 1...15)
  func `get every acknowledged job done, over broken connections`(seed: Int) throws {
    let town = try Town(seed: seed)
    for _ in 0..<1_500 { try town.step(faults: true) }
    for _ in 0..<20_000 where !town.isQuiet { try town.step(faults: false) }
    #expect(town.isQuiet)
    #expect(town.acknowledged.count > 100 && town.results > 3 && town.locked > 3)
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
