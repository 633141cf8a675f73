import PeriodicClient
import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `A worker with a job in hand` {
  @Test func `sends pieces of data, and asks for a lock and gives it back`() throws {
    let bench = try Bench.working()
    bench.assign(2, "n")
    let job = try bench.take()
    _ = bench.sent()
    _ = try bench.core.workData(job.token, .of("part"), at: bench.now)
    _ = try bench.core.acquire(lock: .of("L"), capacity: 2, job.token, at: bench.now)
    _ = try bench.core.release(lock: .of("L"), job.token, at: bench.now)
    let commands = bench.commands().map { $0.split(separator: " ", maxSplits: 1)[1] }
    #expect(commands == ["data f/n part", "acquire L 2 f/n", "release L f/n"])
    #expect(bench.isHeld(job))
  }

  @Test func `has it no longer when the lock is full, and grabs anew`() throws {
    let bench = try Bench.working()
    bench.assign(2, "n")
    let job = try bench.take()
    _ = bench.sent()
    let id = try bench.core.acquire(lock: .of("L"), capacity: 1, job.token, at: bench.now)
    _ = bench.sent()
    bench.reply(id.number, .acquired(false))
    #expect(bench.outcomes() == [.acquired(false)])
    #expect(bench.commands() == ["2 grab"])
    #expect(job.key.name.text == "n")
    #expect(throws: RequestError.notHeld) {
      _ = try bench.core.done(job.token, at: bench.now)
    }
    bench.assign(2, "next")
    #expect(try bench.take().key.name.text == "next")
  }

  @Test func `keeps a job that was reported before the answer to its lock came`() throws {
    let bench = try Bench.working()
    bench.assign(2, "n")
    let job = try bench.take()
    let id = try bench.core.acquire(lock: .of("L"), capacity: 1, job.token, at: bench.now)
    _ = try bench.core.done(job.token, at: bench.now)
    bench.assign(2, "other")
    let other = try bench.take()
    bench.reply(id.number, .acquired(false))
    #expect(bench.isHeld(other))
  }

  @Test func `loses a job to a full lock also when the answer is late`() throws {
    let bench = try Bench.working()
    bench.assign(2, "n")
    let job = try bench.take()
    let id = try bench.core.acquire(
      lock: .of("L"), capacity: 1, job.token, timeout: 10, at: bench.now)
    bench.advance(10)
    #expect(bench.outcomes() == [.timedOut])
    #expect(bench.isHeld(job) && bench.core.openRequests == 0)
    _ = bench.sent()
    bench.reply(id.number, .acquired(false))
    #expect(!bench.isHeld(job) && bench.commands().isEmpty && bench.outcomes().isEmpty)
    _ = try bench.core.fail(job.token, at: bench.now)
    #expect(bench.outcomes() == [.stale])
    #expect(bench.commands() == ["2 grab"])
  }

  @Test func `keeps a job whose lock the server refused`() throws {
    let bench = try Bench.working()
    bench.assign(2, "n")
    let job = try bench.take()
    let id = try bench.core.acquire(lock: .of("L"), capacity: 1, job.token, at: bench.now)
    bench.reply(id.number, .refused(.unknownCommand))
    #expect(bench.outcomes() == [.refused])
    #expect(bench.isHeld(job))
  }

  @Test func `says nothing of a job that was lost with its connection`() throws {
    let bench = try Bench.working()
    bench.assign(2, "n")
    let job = try bench.take()
    bench.lose()
    _ = try bench.core.workData(job.token, .of("part"), at: bench.now)
    _ = try bench.core.acquire(lock: .of("L"), capacity: 1, job.token, at: bench.now)
    #expect(bench.outcomes() == [.stale, .stale])
  }

  @Test func `announces a broadcast as such on every connection`() throws {
    let bench = Bench(WorkerCore(seed: 1))
    _ = try bench.core.canDo(function: .of("f"), at: bench.now)
    _ = try bench.core.broadcast(function: .of("f"), at: bench.now)
    bench.register()
    #expect(bench.commands().prefix(2) == ["1 broadcast f", "2 broadcast f"])
    bench.lose()
    bench.advance(60_000)
    bench.register()
    let again = bench.commands().map { $0.split(separator: " ", maxSplits: 1)[1] }
    #expect(again.contains("broadcast f") && !again.contains("can-do f"))
  }
}
