import PeriodicClient
import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `A worker that loses its connection` {
  @Test func `announces and grabs again on the next one`() throws {
    let bench = try Bench.working(slots: 2)
    bench.lose()
    bench.advance(100)
    #expect(bench.core.state == .connecting)
    bench.register()
    #expect(bench.commands() == ["4 can-do f", "5 grab", "6 grab"])
  }

  @Test func `answers the report on a lost job as stale, and does not send it`() throws {
    let bench = try Bench.working()
    bench.assign(2, "a")
    let job = try bench.take()
    #expect(bench.isHeld(job))
    bench.lose()
    #expect(!bench.isHeld(job))
    #expect(job.workload.text == "hi")
    bench.advance(100)
    bench.register()
    #expect(bench.commands() == ["3 can-do f"])
    _ = try bench.core.done(job.token, at: bench.now)
    #expect(bench.outcomes() == [.stale])
    #expect(bench.commands() == ["5 grab"])
  }

  @Test func `forgets jobs that nobody has taken`() throws {
    let bench = try Bench.working()
    bench.assign(2, "a")
    bench.lose()
    #expect(bench.next() == nil)
    #expect(bench.core.heldCount == 0)
  }

  @Test func `fails reports that were not answered`() throws {
    let bench = try Bench.working()
    bench.assign(2, "a")
    _ = try bench.core.done(bench.take().token, at: bench.now)
    bench.lose()
    #expect(bench.outcomes() == [.disconnected])
  }

  @Test func `goes on waiting for an announcement, and gets its one answer`() throws {
    let bench = Bench(WorkerCore(seed: 1))
    bench.register()
    _ = try bench.core.canDo(function: .of("f"), timeout: .max, at: bench.now)
    bench.lose()
    #expect(bench.outcomes().isEmpty)
    bench.advance(100)
    _ = bench.sent()
    bench.register()
    #expect(bench.commands() == ["1 can-do f", "3 grab"])
    bench.reply(1, .success)
    #expect(bench.outcomes() == [.success])
  }

  @Test func `answers reports after its own close as stale`() throws {
    let bench = try Bench.working()
    bench.assign(2, "a")
    let job = try bench.take()
    bench.core.close()
    _ = try bench.core.done(job.token, at: bench.now)
    #expect(bench.outcomes() == [.stale])
  }
}

@Suite struct `A draining worker` {
  @Test func `withdraws, hands back, finishes what it holds, and says so`() throws {
    let bench = try Bench.working(slots: 2)
    bench.assign(2, "a")
    _ = bench.sent()
    _ = try bench.core.drain(at: bench.now)
    bench.assign(3, "b")
    #expect(bench.commands() == ["5 cannot-do f", "3 unassigned"])
    _ = try bench.core.done(bench.take().token, at: bench.now)
    #expect(bench.commands() == ["6 done f/a "])
    #expect(bench.outcomes().isEmpty)
    bench.reply(6, .success)
    #expect(bench.outcomes() == [.success, .success])
  }

  @Test func `is drained at once with nothing in hand`() throws {
    let bench = try Bench.working()
    _ = try bench.core.drain(at: bench.now)
    #expect(bench.outcomes() == [.success])
    #expect(throws: RequestError.draining) {
      try bench.core.canDo(function: .of("g"), at: bench.now)
    }
  }

  @Test func `waits for the user over a loss, and can be asked again`() throws {
    let bench = try Bench.working()
    bench.assign(2, "a")
    let job = try bench.take()
    _ = try bench.core.drain(timeout: 10, at: bench.now)
    bench.lose()
    bench.advance(10)
    #expect(bench.outcomes() == [.timedOut])
    _ = try bench.core.drain(at: bench.now)
    _ = try bench.core.fail(job.token, at: bench.now)
    #expect(bench.outcomes() == [.stale, .success])
  }
}
