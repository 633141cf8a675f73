import PeriodicCore
import PeriodicEngine
import Testing

/// What hooks are told (PROTOCOL 2.12).
@Suite struct `An event` {
  private let bench = EngineBench()

  init() { bench.engine.isObserved = true }

  /// The events of what `body` does.
  private func events(_ body: () -> Void) -> [String] {
    let before = bench.events.count
    body()
    return Array(bench.events[before...])
  }

  @Test func `is told of nothing that nobody observes`() {
    bench.engine.isObserved = false
    bench.worker("w")
    bench.submit("n")
    bench.done("n", by: "w")
    #expect(bench.events == [])
  }

  @Test func `tells of every version that is taken, and of none that is ignored`() {
    bench.worker("w", grabs: 0)
    #expect(events { bench.submit("n") } == ["pushJob:f:0"])
    #expect(events { bench.submit("n") } == ["pushJob:f:0"])
    #expect(events { bench.run("m") } == ["pushJob:f:0"])
    bench.grab("w", 1)
    #expect(events { bench.submit("n") } == [])
    #expect(events { bench.run("n", 9) } == [])
  }

  @Test func `tells how a run ended, and how long it took since the hand-out`() {
    bench.worker("w", grabs: 3)
    for name in ["a", "b", "c"] { bench.submit(name) }
    bench.pass(1500)
    #expect(events { bench.done("a", by: "w") } == ["doneJob:f:1500"])
    #expect(events { bench.fail("b", by: "w") } == ["failJob:f:1500"])
    #expect(events { bench.later("c", by: "w", delay: 60) } == ["schedLaterJob:f:1500"])
  }

  @Test func `tells of a run that was lost or took too long as of one that failed`() {
    bench.worker("v")
    bench.worker("w")
    bench.submit("a", timeout: 1)
    bench.submit("b")
    bench.handle(.assigned, "w", 1)
    #expect(events { bench.pass(1000) } == ["failJob:f:1000"])
    bench.pass(500)
    #expect(events { bench.close("w") } == ["failJob:f:1500"])
  }

  @Test func `tells nothing of an offer that was refused or not taken`() {
    bench.worker("w", grabs: 2)
    bench.submit("n")
    #expect(events { bench.handle(.unassigned, "w", 1) } == [])
    #expect(events { bench.pass(2000) } == [])
  }

  @Test func `tells of a removed job once`() {
    bench.submit("n")
    #expect(events { bench.remove("n") } == ["removeJob:f:0"])
    #expect(events { bench.remove("n") } == [])
  }

  @Test func `tells when a lock is taken and how long it was held`() {
    bench.worker("w", grabs: 2)
    bench.submit("a")
    bench.submit("b")
    #expect(events { _ = bench.acquire("l", for: "a", by: "w") } == ["acquireLock:l:0"])
    #expect(events { _ = bench.acquire("l", for: "a", by: "w") } == [])
    #expect(events { _ = bench.acquire("l", for: "b", by: "w") } == [])
    bench.pass(700)
    // The next in the queue takes it at the same moment.
    #expect(
      events { bench.release("l", for: "a", by: "w") } == ["releaseLock:l:700", "acquireLock:l:0"])
    #expect(events { bench.release("l", for: "a", by: "w") } == [])
  }

  @Test func `tells of every receiver of a broadcast`() {
    bench.broadcaster("v")
    bench.broadcaster("w")
    bench.submit("n")
    bench.pass(10)
    #expect(events { bench.fail("n", by: "v") } == ["failJob:f:10"])
    #expect(events { bench.done("n", by: "w") } == ["doneJob:f:10"])
  }
}
