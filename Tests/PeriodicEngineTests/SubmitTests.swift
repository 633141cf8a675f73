import PeriodicCore
import PeriodicEngine
import Testing

/// SUBMIT_JOB, by what the job is doing (PROTOCOL 2.2), and the ends of jobs and functions (2.8).
@Suite struct `A submit` {
  private let bench = EngineBench()

  @Test func `replaces a job that waits as a whole`() {
    bench.submit("n", in: 60, workload: "old", timeout: 7)
    bench.submit("n", workload: "new", timeout: 9)
    bench.worker("w")
    #expect(bench.lastAssignment == "new 9 0 0")
    #expect(bench.status()?.jobs == 1)
  }

  @Test func `moves a job that waits, earlier or later`() {
    bench.worker("w")
    bench.submit("n", in: 60)
    bench.submit("n", in: 5)
    #expect(bench.engine.nextWake(at: bench.now) == 5000)
    bench.submit("n", in: 20)
    bench.pass(19_999)
    #expect(bench.takeAssigned() == [])
    bench.pass(1)
    #expect(bench.takeAssigned() == ["w n"])
  }

  @Test func `makes a replaced job the last of those that are due`() {
    for name in ["a", "b"] { bench.submit(name) }
    bench.submit("a")
    bench.worker("w", grabs: 0)
    bench.grab("w", 1)
    bench.grab("w", 2)
    #expect(bench.takeAssigned() == ["w b", "w a"])
  }

  @Test func `begins the count anew`() {
    bench.worker("w")
    bench.submit("n")
    bench.later("n", by: "w", delay: 0, step: 3)
    bench.submit("n")
    bench.grab("w", 2)
    #expect(bench.lastAssignment.hasSuffix(" 0 0"))
  }

  @Test func `leaves a running job as it is, and its time limit too`() {
    bench.worker("w")
    bench.submit("n", workload: "old", timeout: 5)
    bench.handle(.assigned, "w", 1)
    bench.pass(3000)
    bench.submit("n", workload: "new", timeout: 100)
    #expect(bench.takeHeard() == ["99: success", "99: success"])
    bench.pass(1999)
    #expect(bench.status()?.running == 1)
    bench.pass(1)
    #expect(bench.status()?.running == 0)
    bench.grab("w", 2)
    bench.pass(1000)
    #expect(bench.lastAssignment == "old 5 0 0")
  }

  @Test func `raises a past time to now, but not for generation 1`() {
    bench.worker("w", grabs: 2)
    bench.submit("n", in: -100)
    #expect(bench.lastAssignment == " 600 0 0")
    bench.submit("m", in: -100, origin: .generation1)
    #expect(bench.lastAssignment == " 600 0 -100")
  }

  @Test func `of generation 1 is nobody's before its time`() {
    bench.worker("w")
    bench.submit("n", in: 1, origin: .generation1)
    bench.pass(999)
    #expect(bench.takeAssigned() == [])
    bench.pass(1)
    #expect(bench.takeAssigned() == ["w n"])
  }

  @Test func `makes a removed job anew`() {
    bench.submit("n")
    bench.remove("n")
    bench.remove("n")
    bench.submit("n")
    #expect(
      bench.takeSaid() == [
        "client/99: success", "client/98: success", "client/98: refused: no job",
        "client/99: success",
      ])
    #expect(bench.status()?.jobs == 1)
  }

  @Test func `is not undone by the report on a removed job`() {
    bench.worker("w")
    bench.submit("n")
    bench.remove("n")
    bench.submit("n", in: 10)
    bench.fail("n", by: "w")
    bench.done("n", by: "w")
    #expect(bench.status()?.jobs == 1 && bench.status()?.running == 0)
  }

  @Test func `survives the drop of a function whose name begins like its own`() {
    bench.submit("n", "foo")
    bench.submit("n", "foobar")
    bench.drop("foo")
    #expect(bench.status("foo") == nil)
    #expect(bench.status("foobar")?.jobs == 1)
  }
}
