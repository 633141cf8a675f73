import PeriodicCore
import PeriodicEngine
import Testing

/// CONFIG_GET and CONFIG_SET (PROTOCOL 2.9).
@Suite struct `A setting` {
  private let bench = EngineBench()

  @Test(
    arguments: [
      ("timeout", 600), ("lock-timeout", 300), ("assign-wait", 2), ("keepalive", 120),
      ("max-batch-size", 500), ("max-pool-size", 2), ("run-job-aggressive", 0),
    ])
  func `has its default and keeps what it is set to`(_ key: String, _ value: Int) {
    #expect(bench.get(key) == "client/57: setting \(value)")
    bench.set(key, 77)
    #expect(bench.takeSaid() == ["client/56: success"])
    #expect(bench.get(key) == "client/57: setting 77")
    bench.set(key, .max)
    #expect(bench.get(key) == "client/57: setting 4294967295")
  }

  @Test(
    arguments: [
      ("assign-wait", 1), ("max-pool-size", 1), ("max-batch-size", 4), ("timeout", 0),
      ("lock-timeout", 0), ("keepalive", 0), ("run-job-aggressive", 0),
    ])
  func `is held above its least value`(_ key: String, _ least: Int) {
    bench.set(key, 0)
    #expect(bench.get(key) == "client/57: setting \(least)")
  }

  @Test(arguments: ["poll-interval", "revert-interval", "", "Timeout"])
  func `that nobody knows is taken and ignored, and reads 0`(_ key: String) {
    bench.set(key, 5)
    #expect(bench.takeSaid() == ["client/56: success"])
    #expect(bench.get(key) == "client/57: setting 0")
  }

  @Test func `is stored before its success is heard`() {
    let bench = EngineBench(durable: true)
    bench.set("assign-wait", 0)
    #expect(bench.takeStored() == ["set assign-wait 1"])
    #expect(bench.takeSaid() == ["client/56: success, held"])
    bench.set("unknown", 5)
    #expect(bench.takeStored() == [])
  }

  @Test func `is there again after a restart`() {
    var engine = Engine(isDurable: true)
    withBytes(of: "timeout") {
      engine.restore(
        .setting(key: $0, value: 9), at: Now(monotonic: 0, wall: 1_700_000_000_000))
    }
    #expect(engine.settings.timeout == 9)
  }

  @Test func `timeout limits the runs that begin after it`() {
    bench.worker("w", grabs: 2)
    bench.submit("before")
    bench.handle(.assigned, "w", 1)
    bench.set("timeout", 5)
    bench.submit("after")
    bench.handle(.assigned, "w", 2)
    bench.pass(4999)
    #expect(bench.status()?.running == 2)
    bench.pass(1)
    #expect(bench.status()?.running == 1)
  }

  @Test func `timeout 0 is no limit`() {
    bench.set("timeout", 0)
    bench.worker("w")
    bench.submit("n")
    bench.handle(.assigned, "w", 1)
    bench.pass(10_000_000)
    #expect(bench.status()?.running == 1)
  }

  @Test func `assign-wait is how long a worker's word is waited for`() {
    bench.set("assign-wait", 4)
    bench.worker("w")
    bench.submit("n")
    bench.pass(3999)
    #expect(bench.status()?.running == 1)
    bench.pass(1)
    #expect(bench.status()?.running == 0)
  }
}
