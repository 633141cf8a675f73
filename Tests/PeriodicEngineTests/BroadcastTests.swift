import PeriodicCore
import PeriodicEngine
import Testing

/// BROADCAST (PROTOCOL 2.3).
@Suite struct `A broadcast job` {
  private let bench = EngineBench()

  /// Workers that hold the broadcast job "n".
  private func sent(to names: String..., timeout: Int32 = 0) {
    for name in names { bench.broadcaster(name) }
    bench.submit("n", timeout: timeout)
    for name in names { bench.handle(.assigned, name, 1) }
    _ = bench.takeSaid()
  }

  @Test func `goes once to every connection that waits at that moment`() {
    bench.broadcaster("a", grabs: 2)
    bench.broadcaster("b")
    bench.broadcaster("idle", grabs: 0)
    bench.submit("n")
    #expect(Set(bench.takeAssigned()) == ["a n", "b n"])
    #expect(bench.status()?.running == 1)
    bench.grab("idle", 1)
    #expect(bench.takeAssigned() == [])
  }

  @Test func `waits for at least one`() {
    bench.broadcaster("a", grabs: 0)
    bench.submit("n")
    #expect(bench.takeAssigned() == [])
    bench.grab("a", 1)
    #expect(bench.takeAssigned() == ["a n"])
  }

  @Test func `uses up one grab of each, the oldest`() {
    bench.broadcaster("a", grabs: 2)
    bench.broadcaster("b", grabs: 2)
    bench.submit("n")
    bench.submit("m")
    let said = bench.takeSaid().filter { $0.contains("assign") }
    #expect(said.sorted() == ["a/1: assign n", "a/2: assign m", "b/1: assign n", "b/2: assign m"])
  }

  @Test func `is an ordinary job as soon as one connection said CAN_DO`() {
    bench.broadcaster("a")
    bench.worker("b")
    bench.submit("n")
    #expect(bench.takeAssigned().count == 1)
  }

  @Test func `counts the later of CAN_DO and BROADCAST for a connection`() {
    bench.broadcaster("a")
    bench.worker("b")
    withBytes(of: "f") { bench.handle(.broadcast(function: $0), "b") }
    bench.submit("n")
    #expect(Set(bench.takeAssigned()) == ["a n", "b n"])
    bench.grab("a", 2)
    bench.grab("b", 2)
    withBytes(of: "f") { bench.handle(.canDo(function: $0), "b") }
    #expect(bench.status()?.workers == 2)
    bench.submit("m")
    #expect(bench.takeAssigned().count == 1)
  }

  @Test func `is one again when the connections that said CAN_DO are gone`() {
    bench.broadcaster("a")
    bench.broadcaster("b")
    bench.worker("c", grabs: 0)
    bench.close("c")
    bench.submit("n")
    #expect(Set(bench.takeAssigned()) == ["a n", "b n"])
  }

  @Test func `goes to generation 1 workers too, which have no word for it`() {
    bench.broadcaster("a")
    bench.worker("old", grabs: 1, .generation1)
    bench.submit("n")
    #expect(Set(bench.takeAssigned()) == ["a n", "old n"])
  }

  @Test func `ends with the last receiver, done when one of them did it`() {
    sent(to: "a", "b", "c")
    bench.done("n", by: "a")
    bench.fail("n", by: "b")
    #expect(bench.status()?.running == 1)
    bench.later("n", by: "c", delay: 5)
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `is done however early or late the one who did it says so`() {
    sent(to: "a", "b", "c")
    bench.fail("n", by: "a")
    bench.close("b")
    #expect(bench.status()?.running == 1)
    bench.done("n", by: "c")
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `is put off as the last SCHED_LATER said when nobody did it`() {
    sent(to: "a", "b", "c")
    bench.later("n", by: "a", delay: 50, step: 3)
    bench.later("n", by: "b", delay: 5, step: 4)
    bench.fail("n", by: "c")
    bench.grab("a", 2)
    bench.pass(4999)
    #expect(bench.takeAssigned() == [])
    bench.pass(1)
    #expect(bench.takeAssigned() == ["a n"])
  }

  @Test func `has failed when all failed, were lost or ran out of time`() {
    sent(to: "a", "b", "c", timeout: 5)
    bench.fail("n", by: "a")
    bench.close("b")
    bench.pass(4999)
    #expect(bench.status()?.running == 1)
    bench.pass(1)
    #expect(bench.status()?.running == 0)
    bench.grab("a", 2)
    bench.pass(999)
    #expect(bench.takeAssigned() == [])
    bench.pass(1)
    #expect(bench.takeAssigned() == ["a n"])
  }

  @Test func `is ready at once when nobody wanted it`() {
    bench.broadcaster("a")
    bench.broadcaster("b")
    bench.submit("n")
    bench.handle(.unassigned, "a", 1)
    #expect(bench.status()?.running == 1)
    bench.grab("a", 2)
    _ = bench.takeSaid()
    bench.handle(.unassigned, "b", 1)
    #expect(bench.takeAssigned() == ["a n"])
  }

  @Test func `runs on for the others when one does not confirm`() {
    bench.broadcaster("a")
    bench.broadcaster("b")
    bench.submit("n")
    bench.handle(.assigned, "a", 1)
    bench.pass(2000)
    #expect(bench.status()?.running == 1)
    // Neither its late word nor its late report counts while another holds the job.
    bench.handle(.assigned, "b", 1)
    bench.done("n", by: "b")
    #expect(bench.status()?.running == 1)
    bench.done("n", by: "a")
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `gives its first result to who waits for one`() {
    bench.broadcaster("a")
    bench.broadcaster("b")
    bench.run("n")
    _ = bench.takeSaid()
    bench.done("n", by: "b", data: "first")
    #expect(bench.takeHeard() == ["7: data first"])
    #expect(bench.status()?.running == 1)
    bench.done("n", by: "a", data: "second")
    #expect(bench.takeHeard() == [])
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `passes on the data of every receiver, and its end when all have reported`() {
    sent(to: "a", "b")
    bench.listen("n")
    bench.data("from a", of: "n", by: "a")
    bench.data("from b", of: "n", by: "b")
    bench.done("n", by: "a")
    #expect(bench.takeHeard() == ["8: success", "8: data from a", "8: data from b"])
    bench.fail("n", by: "b")
    #expect(bench.takeHeard() == ["8: data EOF"])
  }

  @Test func `is heard once from each receiver`() {
    sent(to: "a", "b")
    bench.fail("n", by: "a")
    bench.done("n", by: "a")
    #expect(bench.status()?.running == 1)
    bench.fail("n", by: "b")
    #expect(bench.status()?.jobs == 1)
  }

  @Test func `goes on with the others when one of them meets a full lock`() {
    bench.worker("holder")
    bench.submit("x")
    _ = bench.acquire("l", for: "x", by: "holder")
    bench.close("holder")
    _ = bench.takeSaid()
    bench.worker("y")
    bench.pass(1000)
    _ = bench.acquire("l", for: "x", by: "y")
    withBytes(of: "f") { bench.handle(.broadcast(function: $0), "y") }
    sent(to: "a", "b")
    #expect(bench.acquire("l", for: "n", by: "a") == "acquired false")
    #expect(bench.status()?.locked == 0 && bench.status()?.running == 2)
    bench.done("n", by: "b")
    #expect(bench.status()?.jobs == 1)
  }

  @Test func `holds a lock for all of its receivers`() {
    sent(to: "a", "b")
    #expect(bench.acquire("l", for: "n", by: "a") == "acquired true")
    #expect(bench.acquire("l", for: "n", by: "b") == "acquired true")
  }
}
