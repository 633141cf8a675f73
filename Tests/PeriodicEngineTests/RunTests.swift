import PeriodicCore
import PeriodicEngine
import Testing

@Suite struct `A run` {
  private func running(timeout: Int32 = 0) -> EngineBench {
    let bench = EngineBench()
    bench.worker("w")
    bench.submit("n", timeout: timeout)
    _ = bench.takeSaid()
    return bench
  }

  @Test func `ends with done, and the job is gone`() {
    let bench = running()
    bench.done("n", by: "w")
    #expect(bench.takeSaid() == ["w/50: success"])
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `that fails comes again after a second, the count unchanged`() {
    let bench = running()
    bench.fail("n", by: "w")
    bench.grab("w", 2)
    bench.pass(999)
    #expect(bench.takeAssigned() == [])
    bench.pass(1)
    #expect(bench.takeAssigned() == ["w n"])
  }

  @Test func `put off comes again after the delay`() {
    let bench = running()
    bench.later("n", by: "w", delay: 5, step: 2)
    bench.grab("w", 2)
    bench.pass(4999)
    #expect(bench.takeAssigned() == [])
    bench.pass(1)
    #expect(bench.takeAssigned() == ["w n"])
  }

  @Test func `put off by nothing or less comes again at once`() {
    let bench = running()
    bench.later("n", by: "w", delay: -3)
    bench.grab("w", 2)
    #expect(bench.takeAssigned() == ["w n"])
  }

  @Test func `is measured from the hand-out and ends with its time`() {
    let bench = running(timeout: 5)
    bench.handle(.assigned, "w", 1)
    bench.pass(4999)
    #expect(bench.status()?.running == 1)
    bench.pass(1)
    #expect(bench.status()?.running == 0)
  }

  @Test func `at the end of time ends as any other`() {
    let bench = EngineBench()
    bench.now = Now(monotonic: .max - 3, wall: .max - 3)
    bench.worker("w", grabs: 2)
    bench.run("n", timeout: 9)
    #expect(bench.takeAssigned() == ["w n"])
    bench.set("lock-timeout", 5)
    #expect(bench.acquire("l", for: "n", by: "w") == "acquired true")
    bench.pass(2)
    #expect(bench.status()?.running == 1 && bench.nextWake >= 0)
    bench.fail("n", by: "w")
    #expect(bench.takeHeard() == ["56: success", "7: data failed"])
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `that nobody confirms is offered again after two seconds`() {
    let bench = running()
    bench.worker("other")
    bench.pass(2000)
    #expect(bench.takeAssigned() == ["other n"])
    // The first worker's word comes too late.
    bench.handle(.assigned, "w", 1)
    bench.done("n", by: "w")
    #expect(bench.status()?.running == 1)
  }

  @Test func `is the worker's again when its word comes late and nobody else has the job`() {
    let bench = running()
    bench.pass(3000)
    #expect(bench.status()?.running == 0)
    bench.handle(.assigned, "w", 1)
    #expect(bench.status()?.running == 1)
  }

  @Test func `can be reported done after its time, until it is handed out again`() {
    let bench = running(timeout: 1)
    bench.pass(1000)
    bench.done("n", by: "w")
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `of a refused job is over at once`() {
    let bench = running()
    bench.worker("other")
    bench.handle(.unassigned, "w", 1)
    #expect(bench.takeAssigned() == ["other n"])
  }

  @Test func `is heard only from who holds it`() {
    let bench = running()
    bench.worker("thief")
    bench.done("n", by: "thief")
    bench.fail("n", by: "thief")
    #expect(bench.status()?.running == 1)
  }

  @Test func `has no limit between generation 1 peers, and the server's otherwise`() {
    let bench = EngineBench()
    bench.worker("w", grabs: 2, .generation1)
    bench.submit("old", origin: .generation1)
    bench.submit("new")
    bench.pass(600_000)
    #expect(bench.status()?.running == 1)
  }

  @Test func `goes on when its job is submitted again`() {
    let bench = running()
    bench.submit("n", workload: "new")
    bench.grab("w", 2)
    #expect(bench.takeAssigned() == [])
    bench.done("n", by: "w")
    #expect(bench.status()?.jobs == 0)
  }

  // PROTOCOL 2.4.
  @Test func `put off counts its step without a sign, and stops at the largest count`() {
    let bench = EngineBench()
    bench.worker("w")
    bench.open("client")
    bench.with("f", "n", "") { key, _ in
      bench.handle(.submit(JobFields(key: key, count: .max - 70_000)), "client")
    }
    bench.later("n", by: "w", delay: 0, step: .max)
    bench.grab("w", 1)
    #expect(bench.lastAssignment == " 600 2147479182 0")
    bench.later("n", by: "w", delay: 0, step: .max)
    bench.grab("w", 1)
    #expect(bench.lastAssignment == " 600 2147483647 0")
  }

  @Test func `put off for longer than time lasts does not overflow`() {
    let bench = running()
    bench.later("n", by: "w", delay: .max)
    bench.grab("w", 2)
    bench.pass(1_000_000_000_000)
    #expect(bench.status()?.jobs == 1 && bench.status()?.running == 0)
  }

  @Test func `of an unknown job is answered, and nothing is kept`() {
    let bench = running()
    bench.fail("ghost", by: "w")
    bench.later("ghost", by: "w", delay: 1)
    bench.done("ghost", by: "w")
    #expect(bench.takeSaid() == ["w/51: success", "w/52: success", "w/50: success"])
    #expect(bench.status()?.jobs == 1)
  }

  @Test func `that ran out of time cannot fail any more, or be put off`() {
    let bench = running(timeout: 1)
    bench.pass(1000)
    bench.later("n", by: "w", delay: 500)
    bench.fail("n", by: "w")
    bench.grab("w", 2)
    bench.pass(1000)
    #expect(bench.takeAssigned() == ["w n"])
  }
}
