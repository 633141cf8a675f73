import PeriodicClient
import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `A connection over time` {
  private func makeReady() -> Bench<ClientCore> {
    let bench = Bench(ClientCore(seed: 1))
    bench.register()
    return bench
  }

  @Test func `pings after ten quiet seconds, and is content with the answer`() {
    let bench = makeReady()
    bench.advance(9_999)
    #expect(bench.commands().isEmpty)
    bench.advance(1)
    #expect(bench.commands() == ["1 ping"])
    bench.reply(1, .pong)
    bench.advance(9_999)
    #expect(bench.core.state == .ready)
    #expect(bench.outcomes().isEmpty)
    bench.advance(1)
    #expect(bench.commands() == ["2 ping"])
  }

  @Test func `pings a server that it only listens to, which counts what it hears`() throws {
    let bench = makeReady()
    bench.advance(6_000)
    bench.reply(99, .success)
    bench.advance(4_000)
    #expect(bench.commands() == ["1 ping"])
  }

  @Test func `is lost twenty seconds after a ping without any byte`() {
    let bench = makeReady()
    bench.advance(10_000)
    bench.advance(19_999)
    #expect(bench.core.state == .ready)
    bench.advance(1)
    #expect(bench.core.state == .waiting)
    #expect(bench.core.lastLoss == .peerSilent)
    #expect(bench.actions() == [.disconnect])
  }

  @Test func `any byte shows that the server lives`() {
    let bench = makeReady()
    bench.advance(10_000)
    bench.advance(19_000)
    bench.receive("00")
    bench.advance(2_000)
    #expect(bench.core.state == .ready)
  }

  @Test func `gives a host that slept a second to read what has come`() {
    let bench = makeReady()
    bench.advance(10_000)
    bench.advance(500_000)
    #expect(bench.core.state == .ready)
    #expect(bench.core.nextDeadline == bench.now.monotonic + 1000)
    bench.advance(1000)
    #expect(bench.core.lastLoss == .peerSilent)
  }

  @Test func `gives up on a transport and on a server that do not answer`() {
    let bench = Bench(ClientCore(seed: 1))
    _ = bench.actions()
    bench.advance(10_000)
    #expect(bench.core.lastLoss == .connectTimedOut)
    #expect(bench.actions() == [.disconnect])
    bench.advance(100)
    bench.core.connected(at: bench.now)
    bench.advance(30_000)
    #expect(bench.core.lastLoss == .registrationTimedOut)
  }

  @Test func `waits longer after each failure, up to the maximum, and not all at once`() {
    let bench = Bench(ClientCore(seed: 1))
    var waits: [Int64] = []
    for _ in 0..<12 {
      bench.core.disconnected(.connectFailed(code: -111), at: bench.now)
      let wait = (bench.core.nextDeadline ?? 0) - bench.now.monotonic
      waits.append(wait)
      bench.advance(wait)
      #expect(bench.core.state == .connecting)
    }
    for (attempt, wait) in waits.enumerated() {
      let whole: Int64 = min(30_000, 100 << Int64(attempt))
      #expect((whole / 2...whole).contains(wait))
    }
    #expect(Set(waits.suffix(3)).count == 3)
  }

  @Test func `waits briefly again only after a connection that lasted`() {
    let bench = Bench(ClientCore(seed: 1))
    for lasted in [0, 0, 0, 0, 5_000] as [Int64] {
      bench.register()
      bench.advance(lasted)
      bench.lose()
      let wait = (bench.core.nextDeadline ?? 0) - bench.now.monotonic
      #expect(lasted == 0 || wait <= 100)
      bench.advance(wait)
    }
  }

  @Test(arguments: [
    ("00524551 00000005 94d471be 00000001 10", WireViolation.badMagic),
    ("00524553 00000005 94d471bf 00000007 10", .badChecksum),
    ("00524553 04000001 94d471be", .tooLong(0x0400_0001)),
  ])
  func `leaves a server that sends what none sends`(bytes: String, violation: WireViolation) throws
  {
    let bench = makeReady()
    _ = try bench.core.ping(at: bench.now)
    bench.receive(bytes)
    #expect(bench.core.lastLoss == .violation(violation))
    #expect(bench.actions() == [.disconnect])
    #expect(bench.outcomes() == [.disconnected])
    bench.receive("00")
    #expect(bench.core.state == .waiting)
  }
}
