import PeriodicCore
import PeriodicEngine
import Testing

@Suite struct `Assignment` {
  @Test func `hands due jobs out in the order of their times, then of acceptance`() {
    let bench = EngineBench()
    bench.submit("late", in: 20)
    bench.submit("early", in: 10)
    bench.submit("first")
    bench.submit("second")
    bench.pass(30_000)
    bench.worker("w", grabs: 0)
    for grab in 1...4 { bench.grab("w", UInt64(grab)) }
    #expect(bench.takeAssigned() == ["w first", "w second", "w early", "w late"])
  }

  @Test func `gives nothing before its time, and wakes up for it`() {
    let bench = EngineBench()
    bench.worker("w")
    bench.submit("n", in: 5)
    #expect(bench.engine.nextWake(at: bench.now) == 5000)
    bench.pass(4999)
    #expect(bench.takeAssigned() == [])
    bench.pass(1)
    #expect(bench.takeAssigned() == ["w n"])
  }

  @Test func `does not wake up for a function that nobody waits for`() {
    let bench = EngineBench()
    bench.worker("w", ["f", "g"])
    bench.submit("now", "g")
    bench.submit("soon", "f", in: 1)
    // The only grab went to the first job; its confirmation is what comes next.
    // For the deadline of a run it may be somewhat early.
    #expect((1...2000).contains(bench.engine.nextWake(at: bench.now)))
  }

  @Test func `serves connections round robin, and the oldest grab first`() {
    let bench = EngineBench()
    bench.worker("a", grabs: 3)
    bench.worker("b", grabs: 3)
    for number in 1...4 { bench.submit("n\(number)") }
    let said = bench.takeSaid().filter { $0.contains("assign") }
    #expect(said == ["a/1: assign n1", "b/1: assign n2", "a/2: assign n3", "b/2: assign n4"])
  }

  @Test func `gives a freed slot to the connection's functions in turn`() {
    let bench = EngineBench()
    for number in 1...3 { bench.submit("f\(number)", "f") }
    bench.submit("g1", "g")
    bench.worker("w", ["f", "g"], grabs: 0)
    for grab in 1...3 { bench.grab("w", UInt64(grab)) }
    #expect(bench.takeAssigned() == ["w f1", "w g1", "w f2"])
  }

  @Test(arguments: [
    [7, 7], [1, 2, 3, 2], [3, 1, 2, 3], [5, 4, 5, 4, 6, 4], [9, 8, 10, 9, 11, 11],
  ])
  func `counts a grab under the same id once`(_ ids: [UInt64]) {
    let bench = EngineBench()
    bench.worker("w", grabs: 0)
    for id in ids { bench.grab("w", id) }
    for number in 1...6 { bench.submit("n\(number)") }
    #expect(bench.takeAssigned() == (1...Set(ids).count).map { "w n\($0)" })
  }

  @Test func `takes an id anew that was used up, below the ones that are outstanding`() {
    let bench = EngineBench()
    bench.worker("w", grabs: 0)
    for id in [1, 2, 3] as [UInt64] { bench.grab("w", id) }
    bench.submit("one")
    for id in [1, 2, 3, 1] as [UInt64] { bench.grab("w", id) }
    for name in ["two", "three", "four", "five"] { bench.submit(name) }
    #expect(bench.takeAssigned() == ["w one", "w two", "w three", "w four"])
  }

  @Test func `keeps a ready job ready when the wall clock steps back`() {
    let bench = EngineBench()
    bench.submit("n", in: 10)
    bench.pass(11_000)
    bench.now.wall -= 3_600_000
    bench.worker("w")
    #expect(bench.status()?.running == 1)
  }

  @Test(arguments: [(JobOrigin.generation1, 0, 0), (.generation2, 0, 600), (.generation1, 30, 30)])
  func `shows a job that waited for its time as submitted, and then what its runs changed`(
    _ origin: JobOrigin, _ timeout: Int32, _ shown: Int32
  ) {
    let bench = EngineBench()
    bench.submit("n", in: 10, workload: "x", timeout: timeout, origin: origin)
    bench.pass(12_000)
    bench.worker("w", ["f"], .generation1)
    #expect(bench.lastAssignment == "x \(shown) 0 -2")
    bench.later("n", by: "w", delay: 5, step: 3)
    bench.pass(6000)
    bench.grab("w", 2)
    #expect(bench.lastAssignment == "x \(shown) 3 -1")
  }

  @Test func `forgets the grabs of a connection that goes`() {
    let bench = EngineBench()
    bench.worker("gone", grabs: 2)
    bench.close("gone")
    bench.submit("n")
    bench.worker("w")
    #expect(bench.status()?.running == 1)
    #expect(bench.status()?.workers == 1)
  }
}
