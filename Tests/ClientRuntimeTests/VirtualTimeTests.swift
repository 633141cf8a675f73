import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import Testing

@Suite(.serialized) struct `Virtual time` {
  let loop: Loop
  let server: Server
  let address = Address.inproc(name: "virtual")
  static let start = Now(monotonic: 0, wall: 1_700_000_000_000)

  init() throws {
    loop = try Loop()
    loop.setVirtualClock(from: Virtual.start)
    server = Server(loop)
    try server.start()
    try server.listen(on: address)
  }

  private typealias Virtual = `Virtual time`

  private func submit(_ client: Client, dueIn seconds: [Int64]) throws {
    for second in seconds {
      let job = Job("f", "\(second)", scheduledAt: 1_700_000_000 + second)
      #expect(try client.submitAndWait(job) == .success)
    }
  }

  @Test func `stands still, also while somebody waits for what comes without it`() throws {
    let client = Client(loop, to: address)
    try submit(client, dueIn: [5])
    for _ in 0..<5 { loop.step() }
    #expect(loop.now == Virtual.start)
    #expect(loop.timeoutMilliseconds == -1)
    server.close()
  }

  @Test func `brings what is due on the way in its order, each at its own time`() throws {
    let client = Client(loop, to: address)
    let worker = Worker(loop, to: address, slots: 10)
    try worker.canDo("f")
    try submit(client, dueIn: [50, 10, 30, 86_400])
    var seen: [String] = []
    worker.onJobs = { [loop] in
      while let job = worker.next() {
        seen.append("\(job.key.name.text) at \(loop.now.monotonic / 1000)")
        _ = try? worker.done(job.token)
      }
    }
    let handled = loop.advance(40_000)
    #expect(seen == ["10 at 10", "30 at 30"])
    #expect(handled > 0 && loop.now.monotonic == 40_000)
    #expect(loop.now.wall == Virtual.start.wall + 40_000)
    loop.advance(86_400_000)
    #expect(seen == ["10 at 10", "30 at 30", "50 at 50", "86400 at 86400"])
    worker.close()
    server.close()
  }

  @Test func `jumps to the next deadline when somebody waits and nobody has anything to do`() throws
  {
    let client = Client(loop, to: address)
    let worker = Worker(loop, to: address)
    try worker.canDo("f")
    let week: Int64 = 7 * 86_400
    try submit(client, dueIn: [week, 2 * week])
    for round in 1...2 as ClosedRange<Int64> {
      let job = try #require(try worker.next(timeout: nil))
      #expect(loop.now.monotonic == round * week * 1000)
      try worker.done(job.token)
    }
    #expect(try worker.next(timeout: 60_000) == nil)
    #expect(loop.now.monotonic == (2 * week + 60) * 1000)
    server.close()
  }

  @Test func `needs few turns for a quiet year`() throws {
    let client = Client(loop, to: address)
    let worker = Worker(loop, to: address)
    try worker.canDo("f")
    #expect(try client.pingAndWait() == .success)
    let counter = TurnCounter()
    loop.add(counter)
    loop.advance(365 * 86_400_000)
    loop.remove(counter)
    #expect(counter.turns < 100)
    server.close()
  }

  @Test func `makes pauses by the loop's own source of chance`() throws {
    #expect(try attempts(seed: 7) == attempts(seed: 7))
    #expect(try attempts(seed: 7) != attempts(seed: 8))
    server.close()
  }

  /// When a client without a server tried to connect.
  private func attempts(seed: UInt64) throws -> [Int64] {
    let loop = try Loop()
    loop.setVirtualClock(from: Virtual.start)
    loop.setRandom { seed }
    let client = Client(loop, to: .inproc(name: "nobody"))
    var times: [Int64] = []
    client.onStateChange = { [loop] in if $0 == .waiting { times.append(loop.now.monotonic) } }
    loop.advance(120_000)
    client.close()
    #expect(times.count > 3)
    return times
  }

  private final class TurnCounter: TurnParticipant {
    var turns = 0
    var needsTurn: Bool {
      turns += 1
      return false
    }
    func endOfTurn(at now: Now) {}
  }
}
