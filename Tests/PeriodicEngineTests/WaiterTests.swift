import PeriodicCore
import PeriodicEngine
import Testing

/// RUN_JOB (PROTOCOL 2.5).
@Suite struct `A job that somebody waits for` {
  private let bench = EngineBench()

  @Test func `is refused at once when nobody can do it`() {
    bench.run("n")
    #expect(bench.takeSaid() == ["client/7: no worker"])
    bench.worker("w")
    bench.close("w")
    bench.run("n")
    #expect(bench.takeSaid() == ["client/7: no worker"])
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `is handed out, and its result comes under the id of the request`() {
    bench.worker("w")
    bench.run("n", 12)
    #expect(bench.takeSaid() == ["w/1: assign n"])
    bench.done("n", by: "w", data: "42")
    #expect(bench.takeHeard() == ["12: data 42"])
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `waits for its time like any other`() {
    bench.worker("w")
    bench.run("n", in: 3)
    bench.pass(2999)
    #expect(bench.takeSaid() == [])
    bench.pass(1)
    #expect(bench.takeAssigned() == ["w n"])
  }

  @Test func `waits for a worker that is busy`() {
    bench.worker("w", grabs: 0)
    bench.run("n")
    #expect(bench.takeSaid() == [])
    bench.grab("w")
    #expect(bench.takeAssigned() == ["w n"])
  }

  @Test(arguments: [(5, 5000), (0, 60_000), (-1, 60_000)] as [(Int32, Int64)])
  func `expires with its time limit, or after a minute`(_ timeout: Int32, _ wait: Int64) {
    bench.worker("w", grabs: 0)
    bench.run("n", timeout: timeout)
    #expect(bench.engine.nextWake(at: bench.now) == min(wait, Engine.longestWait))
    bench.pass(wait - 1)
    #expect(bench.takeSaid() == [])
    bench.pass(1)
    #expect(bench.takeSaid() == ["client/7: data expired"])
    #expect(bench.status()?.jobs == 0)
  }

  /// A result of the older version would answer what was not asked.
  @Test func `is refused when the store does not take its new version`() {
    let bench = EngineBench(durable: true)
    bench.worker("w", grabs: 0)
    bench.submit("n")
    bench.commit()
    bench.run("n", 12)
    _ = bench.takeSaid()
    bench.commit(refused: true)
    #expect(bench.takeSaid() == ["client/12: refused: \(Refusal.storeFailed.text)"])
    bench.grab("w")
    #expect(bench.takeAssigned() == ["w n"])
  }

  @Test func `goes with the last who waits, even while it runs`() {
    bench.worker("w")
    bench.run("n", 1, timeout: 20)
    bench.run("n", 2, timeout: 10)
    bench.handle(.assigned, "w", 1)
    _ = bench.takeSaid()
    bench.pass(10_000)
    #expect(bench.takeSaid() == ["client/2: data expired"])
    #expect(bench.status()?.running == 1)
    bench.pass(9999)
    #expect(bench.takeSaid() == [])
    bench.pass(1)
    #expect(bench.takeSaid() == ["client/1: data expired"])
    #expect(bench.status()?.jobs == 0)
    // The worker is not told; its report changes nothing.
    bench.done("n", by: "w", data: "late")
    #expect(bench.takeSaid() == ["w/50: success"])
  }

  @Test func `that was submitted too outlives who waits`() {
    bench.submit("n", in: 100)
    bench.worker("w", grabs: 0)
    bench.run("n", timeout: 2)
    bench.pass(2000)
    #expect(bench.takeHeard() == ["7: data expired"])
    #expect(bench.status()?.jobs == 1)
  }

  enum End: CaseIterable { case fail, later, leaseEnd, lost }

  private func end(_ how: End) {
    switch how {
    case .fail: bench.fail("n", by: "w")
    case .later: bench.later("n", by: "w", delay: 1)
    case .leaseEnd: bench.pass(10_000)
    case .lost: bench.close("w")
    }
  }

  @Test(arguments: End.allCases)
  func `has failed when its run fails, is put off, takes too long or is lost`(_ how: End) {
    bench.worker("w")
    bench.submit("n", timeout: 10)
    bench.handle(.assigned, "w", 1)
    bench.run("n", 1, timeout: 50)
    bench.run("n", 2, timeout: 50)
    _ = bench.takeSaid()
    end(how)
    #expect(bench.takeHeard() == ["1: data failed", "2: data failed"])
    // What was submitted goes on as if nobody had waited.
    #expect(bench.status()?.jobs == 1)
    bench.worker("other")
    bench.pass(1000)
    #expect(bench.takeAssigned() == ["other n"])
  }

  @Test(arguments: [End.fail, .later, .lost])
  func `goes when it fails and nobody had submitted it`(_ how: End) {
    bench.worker("w")
    bench.run("n", timeout: 10)
    _ = bench.takeSaid()
    end(how)
    #expect(bench.takeHeard() == ["7: data failed"])
    #expect((bench.status()?.jobs ?? 0) == 0)
  }

  @Test func `is removed, and who waits hears that`() {
    bench.worker("w")
    bench.run("n")
    _ = bench.takeSaid()
    bench.remove("n")
    #expect(bench.takeHeard() == ["7: data removed", "98: success"])
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `is dropped with its function, and who waits hears that`() {
    bench.worker("w", grabs: 0)
    bench.run("n")
    bench.close("w")
    #expect(bench.takeSaid() == [])
    bench.drop()
    bench.work()
    #expect(Set(bench.takeHeard()) == ["7: data removed", "97: success"])
  }

  @Test func `goes to another worker in silence when it is refused or not confirmed`() {
    bench.worker("w")
    bench.run("n")
    bench.handle(.unassigned, "w", 1)
    #expect(bench.takeSaid() == ["w/1: assign n"])
    bench.worker("second")
    #expect(bench.status()?.running == 1)
    bench.pass(2000)
    bench.worker("third")
    bench.done("n", by: "third", data: "r")
    #expect(bench.takeHeard() == ["7: data r"])
  }

  @Test func `runs though nobody waits any more`() {
    bench.worker("w", grabs: 0)
    bench.run("n")
    bench.close("client")
    bench.grab("w")
    #expect(bench.takeAssigned() == ["w n"])
    bench.done("n", by: "w", data: "r")
    #expect(bench.takeSaid() == ["w/50: success"])
    #expect(bench.status()?.jobs == 0)
  }
}

/// RUN_JOB beside SUBMIT_JOB and other RUN_JOBs for the same name (PROTOCOL 2.5).
@Suite struct `A request to run` {
  @Test func `joins the run of a job that runs`() {
    let bench = EngineBench()
    bench.worker("w", grabs: 2)
    bench.submit("n", workload: "old")
    bench.run("n", workload: "new")
    #expect(bench.takeAssigned() == ["w n"])
    bench.done("n", by: "w", data: "r")
    #expect(bench.takeHeard() == ["7: data r"])
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `replaces a job that waits, and leaves it stored`() {
    let bench = EngineBench(durable: true)
    bench.submit("n", in: 100, workload: "old")
    bench.commit()
    bench.worker("w")
    _ = bench.takeStored()
    bench.run("n", workload: "new")
    #expect(bench.takeStored() == ["put n new"])
    bench.commit()
    #expect(bench.takeAssigned() == ["w n"])
    bench.done("n", by: "w", data: "r")
    #expect(bench.takeHeard() == ["7: data r, held"])
    #expect(bench.takeStored() == ["delete"])
  }

  @Test func `stores nothing of a job that nobody submitted`() {
    let bench = EngineBench(durable: true)
    bench.worker("w", grabs: 2)
    _ = bench.takeStored()
    bench.run("n", 1)
    bench.run("m", 2)
    #expect(bench.takeAssigned() == ["w n", "w m"])
    bench.done("n", by: "w", data: "r")
    bench.fail("m", by: "w")
    #expect(bench.takeHeard() == ["1: data r", "2: data failed"])
    #expect(bench.takeStored() == [])
  }

  @Test func `is kept by a submit while it runs, as it is and without a second run`() {
    let bench = EngineBench(durable: true)
    bench.worker("w", grabs: 2)
    bench.run("n", workload: "first", timeout: 5)
    _ = (bench.takeSaid(), bench.takeStored())
    bench.submit("n", workload: "second")
    #expect(bench.takeStored() == ["put n first"])
    #expect(bench.takeSaid() == ["client/99: success, held"])
    bench.commit()
    bench.handle(.assigned, "w", 1)
    bench.pass(5000)
    // The waiter's deadline comes before the end of the run, which has the same time limit.
    #expect(bench.takeSaid() == ["client/7: data expired"])
    #expect(bench.status()?.jobs == 1)
  }

  @Test func `that the store could not keep is transient again`() {
    let bench = EngineBench(durable: true)
    bench.worker("w")
    bench.run("n", timeout: 5)
    bench.submit("n")
    bench.commit(refused: true)
    bench.pass(5000)
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `is refused under an id that already waits`() {
    let bench = EngineBench()
    bench.worker("w", grabs: 0)
    bench.run("n", 7)
    bench.listen("m", 7)
    bench.run("m", 7)
    let refusal = "7: refused: message id is in use"
    #expect(bench.takeHeard() == [refusal, refusal])
    // Another connection has ids of its own.
    bench.run("n", 7, by: "other")
    #expect(bench.takeSaid() == [])
  }

  @Test func `is refused over the limit of one connection, until one has been answered`() {
    var limits = Limits()
    limits.waitersPerConnection = 2
    let bench = EngineBench(limits: limits)
    bench.worker("w")
    bench.run("n", 1)
    bench.listen("m", 2)
    _ = bench.takeSaid()
    bench.run("o", 3)
    bench.listen("o", 4)
    let refusal = "refused: waiters_per_connection: 3 is over the limit"
    #expect(bench.takeHeard() == ["3: \(refusal)", "4: \(refusal)"])
    bench.done("n", by: "w")
    _ = bench.takeSaid()
    bench.listen("o", 5)
    #expect(bench.takeHeard() == ["5: success"])
  }

  @Test func `is served by a generation 1 worker, which names the job by its number`() {
    let bench = EngineBench()
    bench.worker("w", grabs: 1, .generation1)
    bench.run("n")
    withBytes(of: "r") { bench.handle(.done(.id(JobID(1)), data: $0), "w", .max) }
    #expect(bench.takeHeard() == ["7: data r"])
  }

  @Test func `needs both names`() {
    let bench = EngineBench()
    bench.worker("w")
    bench.run("", 1)
    bench.run("n", 2, of: "")
    bench.listen("", 3)
    #expect(
      bench.takeHeard() == [
        "1: refused: job name is empty", "2: refused: function is empty",
        "3: refused: job name is empty",
      ])
  }
}
