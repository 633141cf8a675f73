import PeriodicCore
import PeriodicEngine
import Testing

/// RECV_DATA and WORK_DATA (PROTOCOL 2.5).
@Suite struct `A listener` {
  private let bench = EngineBench()

  /// A worker that runs "n", and a client that listens to it under 8.
  private func listening(timeout: Int32 = 0) {
    bench.worker("w")
    bench.submit("n", timeout: 500)
    bench.handle(.assigned, "w", 1)
    bench.listen("n", timeout: timeout)
    _ = bench.takeSaid()
  }

  @Test func `is turned away when nobody can do the function`() {
    bench.listen("n")
    #expect(bench.takeSaid() == ["client/8: no worker"])
  }

  @Test func `hears success, the pieces in order, and the end`() {
    bench.worker("w")
    bench.submit("n")
    _ = bench.takeSaid()
    bench.data("early", of: "n", by: "w")
    bench.listen("n")
    bench.data("one", of: "n", by: "w")
    bench.data("two", of: "n", by: "w")
    bench.done("n", by: "w", data: "result")
    // What was sent before is lost, and the result is not for listeners.
    #expect(
      bench.takeHeard() == ["8: success", "8: data one", "8: data two", "8: data EOF"])
  }

  @Test func `hears the end before the result, which comes under its own id`() {
    bench.worker("w")
    bench.run("n", 7)
    bench.listen("n", 8)
    bench.data("one", of: "n", by: "w")
    bench.done("n", by: "w", data: "result")
    #expect(
      bench.takeHeard() == ["8: success", "8: data one", "8: data EOF", "7: data result"])
  }

  @Test func `hears the end before a failure that takes the job along`() {
    bench.worker("w")
    bench.run("n", 7)
    bench.listen("n", 8)
    _ = bench.takeSaid()
    bench.fail("n", by: "w")
    #expect(bench.takeHeard() == ["8: data EOF", "7: data failed"])
  }

  @Test func `hears the end before the expiry that takes the job along`() {
    bench.worker("w", grabs: 0)
    bench.run("n", 7, timeout: 1)
    bench.listen("n", 8)
    _ = bench.takeSaid()
    bench.pass(1000)
    #expect(bench.takeHeard() == ["8: data EOF", "7: data expired"])
  }

  @Test func `may come before its job`() {
    bench.worker("w")
    bench.listen("n")
    bench.pass(59_000)
    #expect(bench.takeSaid() == ["client/8: success"])
    bench.submit("n")
    bench.data("one", of: "n", by: "w")
    bench.done("n", by: "w")
    #expect(bench.takeHeard() == ["99: success", "8: data one", "8: data EOF"])
  }

  @Test func `shares every piece with the others`() {
    listening()
    bench.listen("n", 3, by: "second")
    bench.data("x", of: "n", by: "w")
    let said = bench.takeSaid()
    #expect(said.contains("client/8: data x") && said.contains("second/3: data x"))
  }

  @Test func `hears only who holds the job`() {
    listening()
    bench.worker("thief")
    bench.data("false", of: "n", by: "thief")
    #expect(bench.takeSaid() == ["thief/53: success"])
    bench.data("true", of: "n", by: "w")
    #expect(Set(bench.takeSaid()) == ["client/8: data true", "w/53: success"])
    bench.fail("n", by: "w")
    _ = bench.takeSaid()
    bench.data("too late", of: "n", by: "w")
    #expect(bench.takeSaid() == ["w/53: success"])
  }

  @Test func `gets a piece that reads EOF unchanged, and hears on`() {
    listening()
    bench.data("EOF", of: "n", by: "w")
    bench.data("more", of: "n", by: "w")
    #expect(bench.takeHeard() == ["8: data EOF", "8: data more"])
  }

  @Test func `hears on when the job is tried again`() {
    listening()
    bench.fail("n", by: "w")
    bench.grab("w", 2)
    bench.pass(1000)
    bench.data("again", of: "n", by: "w")
    #expect(bench.takeHeard() == ["8: data again"])
  }

  @Test func `hears the end of a job that is removed or dropped`() {
    listening()
    bench.remove("n")
    #expect(bench.takeHeard() == ["8: data EOF", "98: success"])
    bench.listen("n", 9)
    bench.close("w")
    bench.drop()
    bench.work()
    #expect(Set(bench.takeHeard()) == ["9: success", "9: data EOF", "97: success"])
  }

  @Test(arguments: [(5, 5000), (0, 60_000), (-7, 60_000)] as [(Int32, Int64)])
  func `has heard enough at its own time, and touches nothing`(_ timeout: Int32, _ wait: Int64) {
    listening(timeout: timeout)
    bench.run("n", 7, timeout: 300)
    bench.pass(wait - 1)
    #expect(bench.takeSaid() == [])
    bench.pass(1)
    #expect(bench.takeSaid() == ["client/8: data EOF"])
    #expect(bench.status()?.running == 1)
    bench.pass(299_999 - wait)
    #expect(bench.takeSaid() == [])
    bench.pass(1)
    #expect(bench.takeSaid() == ["client/7: data expired"])
  }

  @Test func `that is gone is forgotten`() {
    listening()
    bench.close("client")
    bench.data("x", of: "n", by: "w")
    #expect(bench.takeSaid() == ["w/53: success"])
  }
}

/// WORK_DATA counts as the worker's word that it took the job (PROTOCOL 2.3).
@Suite struct `A piece of data` {
  @Test func `confirms the run`() {
    let bench = EngineBench()
    bench.worker("w")
    bench.submit("n")
    bench.data("x", of: "n", by: "w")
    bench.pass(10_000)
    #expect(bench.status()?.running == 1)
  }

  @Test func `brings an expired offer back, and is passed on`() {
    let bench = EngineBench()
    bench.worker("w")
    bench.submit("n")
    bench.listen("n")
    bench.pass(2000)
    #expect(bench.status()?.running == 0)
    _ = bench.takeSaid()
    bench.data("x", of: "n", by: "w")
    #expect(bench.status()?.running == 1)
    #expect(bench.takeHeard() == ["8: data x"])
  }
}
