import PeriodicClient
import PeriodicCore
import PeriodicWire
import Testing

extension Bench where Core == WorkerCore {
  /// A registered worker for `f` whose announcement is answered and whose grabs are sent.
  static func working(slots: Int = 1) throws -> Bench {
    let bench = Bench(WorkerCore(slots: slots, seed: 1))
    _ = try bench.core.canDo(function: .of("f"), at: bench.now)
    bench.register()
    bench.reply(1, .success)
    _ = bench.completions()
    _ = bench.sent()
    return bench
  }

  /// A job on the grab of that message id.
  func assign(_ message: UInt64, _ name: StaticString, timeout: Int32 = 600) {
    let job = JobFields(key: .of("f", name), workload: .of("hi"), timeout: timeout)
    reply(message, .assign(Assignment(id: JobID(1), job: job, previousRunAt: 0, fence: 1)))
  }

  func isHeld(_ job: ReceivedJob) -> Bool { core.isHeld(job.token) }

  func next() -> ReceivedJob? { core.next(at: now) }

  func take() throws -> ReceivedJob { try #require(next()) }
}

@Suite struct `A worker` {
  @Test func `announces its functions and grabs once for each slot`() throws {
    let bench = Bench(WorkerCore(slots: 2, seed: 1))
    _ = try bench.core.canDo(function: .of("f"), at: bench.now)
    bench.core.connected(at: bench.now)
    #expect(bench.sent() == hex("00524551 00000001 3c0c8ea1 02"))
    bench.receive("00524553 00000005 a81ee2ca 1e 0a0b0c0d")
    #expect(bench.commands() == ["1 can-do f", "2 grab", "3 grab"])
    bench.reply(1, .success)
    bench.reply(2, .success)
    #expect(bench.outcomes() == [.success])
  }

  @Test func `does not grab before it can do something`() throws {
    let bench = Bench(WorkerCore(seed: 1))
    bench.register()
    #expect(bench.commands().isEmpty)
    _ = try bench.core.canDo(function: .of("g"), at: bench.now)
    #expect(bench.commands() == ["1 can-do g", "2 grab"])
  }

  @Test func `confirms a job at once under the id of its grab, and hands it over`() throws {
    let bench = try Bench.working()
    bench.assign(2, "a", timeout: 30)
    #expect(bench.commands() == ["2 assigned"])
    let job = try bench.take()
    #expect(job.key.function.text == "f")
    #expect(job.key.name.text == "a")
    #expect(job.workload.text == "hi")
    #expect(job.timeout == 30)
    #expect(job.leaseEnd == bench.now.monotonic + 30_000)
    #expect(bench.next() == nil)
  }

  @Test func `grabs again under the same id when the job is reported`() throws {
    let bench = try Bench.working()
    bench.assign(2, "a")
    let job = try bench.take()
    #expect(bench.commands() == ["2 assigned"])
    _ = try bench.core.done(job.token, data: .of("ok"), at: bench.now)
    #expect(bench.commands() == ["3 done f/a ok", "2 grab"])
    bench.reply(3, .success)
    #expect(bench.outcomes() == [.success])
  }

  @Test func `reports failures and postponements`() throws {
    let bench = try Bench.working(slots: 2)
    bench.assign(2, "a")
    bench.assign(3, "b")
    _ = bench.sent()
    _ = try bench.core.fail(bench.take().token, at: bench.now)
    _ = try bench.core.later(bench.take().token, delay: 5, step: 40_000, at: bench.now)
    #expect(bench.commands() == ["4 fail f/a", "2 grab", "5 later f/b 5 32767", "3 grab"])
  }

  @Test func `takes one report for a job, and none for one that is not taken`() throws {
    let bench = try Bench.working(slots: 2)
    bench.assign(2, "a")
    let job = try bench.take()
    bench.assign(3, "b")
    _ = try bench.core.done(job.token, at: bench.now)
    #expect(throws: RequestError.notHeld) { try bench.core.fail(job.token, at: bench.now) }
    let queued = JobToken(1 << 32 | 1)
    #expect(throws: RequestError.notHeld) { try bench.core.done(queued, at: bench.now) }
  }

  @Test func `does not take an old job's report for the job that followed it`() throws {
    let bench = try Bench.working()
    bench.assign(2, "a")
    let old = try bench.take()
    _ = try bench.core.done(old.token, at: bench.now)
    bench.assign(2, "b")
    let new = try bench.take()
    #expect(throws: RequestError.notHeld) { try bench.core.done(old.token, at: bench.now) }
    #expect(bench.isHeld(new))
  }

  @Test func `never has more in hand than its slots, whatever a server does`() throws {
    let bench = try Bench.working()
    bench.assign(2, "a")
    bench.assign(2, "b")
    bench.assign(77, "c")
    #expect(
      bench.commands() == ["2 assigned", "2 assigned", "3 later f/b 0 0", "77 unassigned"])
    #expect(bench.core.heldCount == 1)
  }

  @Test func `ignores what tells a worker nothing`() throws {
    let bench = try Bench.working()
    bench.reply(2, .noop)
    bench.receive("00524553 00000005 6000c4ef 00000007 06")
    bench.reply(2, .data(.of("x")))
    #expect(bench.core.state == .ready)
    #expect(bench.commands().isEmpty)
  }

  @Test func `drops a job whose time ran out before it was taken`() throws {
    let bench = try Bench.working()
    bench.assign(2, "a", timeout: 1)
    _ = bench.sent()
    bench.now.monotonic += 1_000
    #expect(bench.next() == nil)
    #expect(bench.core.heldCount == 0)
    #expect(bench.commands() == ["2 grab"])
  }

  @Test func `repeats a grab that has been outstanding for a minute`() throws {
    let bench = try Bench.working(slots: 2)
    bench.advance(1_000)
    bench.assign(2, "a")
    _ = try bench.core.done(bench.take().token, at: bench.now)
    for _ in 0..<59 {
      bench.advance(1_000)
      bench.reply(99, .success)
    }
    #expect(bench.commands().last == "3 grab")
    bench.advance(1_000)
    #expect(bench.commands().last == "2 grab")
  }

  @Test func `takes a function back, with or without a connection`() throws {
    let bench = try Bench.working()
    _ = try bench.core.cannotDo(function: .of("f"), at: bench.now)
    #expect(bench.commands() == ["3 cannot-do f"])
    bench.lose()
    #expect(bench.outcomes() == [.success])
    _ = try bench.core.canDo(function: .of("g"), at: bench.now)
    _ = try bench.core.cannotDo(function: .of("g"), at: bench.now)
    #expect(bench.outcomes() == [.cancelled, .success])
  }

  @Test func `follows a change of its slots, handing back what is too much`() throws {
    let bench = try Bench.working()
    bench.core.setSlots(3, at: bench.now)
    #expect(bench.commands() == ["3 grab", "4 grab"])
    bench.core.setSlots(1, at: bench.now)
    bench.assign(3, "a")
    bench.assign(4, "b")
    #expect(bench.commands() == ["3 assigned", "4 unassigned"])
  }
}
