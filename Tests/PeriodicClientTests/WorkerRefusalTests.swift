import PeriodicClient
import PeriodicCore
import PeriodicWire
import Testing

/// A server with identities answers NO_WORKER to what a worker may not do, and can change its mind
/// while it runs (PROTOCOL 1.4); one that is full or starting answers UNKNOWN.
@Suite struct `A worker that is refused a function` {
  @Test func `says so, and asks again with growing pauses`() throws {
    let bench = Bench(WorkerCore(seed: 1))
    bench.register()
    _ = try bench.core.canDo(function: .of("g"), at: bench.now)
    #expect(bench.commands() == ["1 can-do g", "2 grab"])
    bench.reply(1, .noWorker)
    bench.reply(2, .noWorker)
    #expect(bench.outcomes() == [.noWorker])
    #expect(bench.core.refusedFunctions == [Array("g".utf8)])
    var pauses: [Int64] = []
    for attempt in 0..<12 {
      let deadline = bench.core.nextDeadline
      let due = try #require(deadline) - bench.now.monotonic
      bench.advance(due)
      guard let sent = bench.commands().first, sent.hasSuffix("can-do g") else { continue }
      pauses.append(due)
      bench.reply(UInt64(sent.split(separator: " ")[0]) ?? 0, .noWorker)
      if attempt > 8 { break }
    }
    #expect(bench.core.state == .ready)
    #expect(pauses.count > 4 && pauses[0] <= 100 && pauses[3] > pauses[0])
  }

  @Test func `does not grab for it, and grabs at once when the server takes it`() throws {
    let bench = Bench(WorkerCore(seed: 1))
    bench.register()
    _ = try bench.core.canDo(function: .of("g"), at: bench.now)
    bench.reply(1, .noWorker)
    bench.reply(2, .noWorker)
    _ = bench.sent()
    bench.advance(100)
    #expect(bench.commands() == ["3 can-do g"])
    bench.reply(3, .success)
    #expect(bench.commands() == ["2 grab"])
    #expect(bench.core.refusedFunctions.isEmpty)
    #expect(bench.outcomes() == [.noWorker])
  }

  @Test func `goes on with its other functions, and keeps its jobs`() throws {
    let bench = try Bench.working()
    bench.assign(2, "a")
    let job = try bench.take()
    _ = try bench.core.canDo(function: .of("g"), at: bench.now)
    bench.reply(3, .refused(.starting))
    #expect(bench.outcomes() == [.refused])
    #expect(bench.core.state == .ready && bench.isHeld(job))
    _ = bench.sent()
    _ = try bench.core.done(job.token, at: bench.now)
    #expect(bench.commands() == ["4 done f/a ", "2 grab"])
  }

  @Test func `asks every later connection as well, and stops when it wants no more`() throws {
    let bench = try Bench.working()
    bench.lose()
    bench.advance(100)
    _ = bench.sent()
    bench.register()
    #expect(bench.commands() == ["3 can-do f", "4 grab"])
    bench.reply(3, .noWorker)
    #expect(bench.core.refusedFunctions == [Array("f".utf8)])
    _ = try bench.core.cannotDo(function: .of("f"), at: bench.now)
    _ = bench.sent()
    #expect(bench.core.refusedFunctions.isEmpty)
    bench.advance(1_000)
    #expect(bench.commands().isEmpty)
  }

  @Test func `hears a refusal that comes after it has stopped waiting`() throws {
    let bench = try Bench.working()
    _ = try bench.core.canDo(function: .of("g"), timeout: 10, at: bench.now)
    bench.advance(10)
    #expect(bench.outcomes() == [.timedOut])
    bench.reply(3, .noWorker)
    #expect(bench.core.refusedFunctions == [Array("g".utf8)])
    #expect(bench.outcomes().isEmpty)
  }

  @Test func `repeats a grab that is refused after a pause`() throws {
    let bench = try Bench.working()
    for _ in 0..<3 {
      bench.reply(2, .refused(.stopping))
      bench.advance(4_999)
      #expect(!bench.commands().contains("2 grab"))
      bench.reply(99, .success)
      bench.advance(1)
      #expect(bench.commands() == ["2 grab"])
    }
  }
}
