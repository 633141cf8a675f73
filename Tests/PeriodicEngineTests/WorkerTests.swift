import PeriodicCore
import PeriodicEngine
import Testing

/// CAN_DO, CANT_DO, GRAB_JOB and the word of a worker (PROTOCOL 2.3).
@Suite struct `A worker` {
  private let bench = EngineBench()

  @Test func `counts once for a function, however often it says so`() {
    bench.worker("w", ["f", "f"])
    withBytes(of: "f") { bench.handle(.broadcast(function: $0), "w") }
    #expect(bench.status()?.workers == 1)
    withBytes(of: "f") { bench.handle(.cannotDo(function: $0), "w") }
    #expect(bench.status()?.workers == 0)
    withBytes(of: "f") { bench.handle(.cannotDo(function: $0), "w") }
    #expect(bench.status()?.workers == 0)
  }

  @Test func `makes a function known that has no jobs`() {
    bench.worker("w", ["g"], grabs: 0)
    #expect(bench.status("g")?.jobs == 0)
    bench.close("w")
    #expect(bench.status("g")?.workers == 0)
  }

  @Test func `that can do a function no more keeps what it runs, and gets nothing new`() {
    bench.worker("w", grabs: 2)
    bench.submit("n")
    withBytes(of: "f") { bench.handle(.cannotDo(function: $0), "w") }
    bench.submit("m")
    #expect(bench.takeAssigned() == ["w n"])
    bench.done("n", by: "w")
    #expect(bench.status()?.jobs == 1 && bench.status()?.running == 0)
  }

  @Test func `that says sleep hears noop at once`() {
    bench.worker("w")
    bench.handle(.sleep, "w", 5)
    #expect(bench.takeSaid() == ["w/5: noop"])
  }

  enum Word: CaseIterable { case taken, grab, data, acquire, release }

  @Test(arguments: Word.allCases)
  func `has taken its job by any word about it`(_ word: Word) {
    bench.worker("w")
    bench.submit("n")
    bench.pass(1999)
    say(word)
    bench.pass(100_000)
    #expect(bench.status()?.running == 1)
  }

  @Test(arguments: Word.allCases.filter { $0 != .grab })
  func `gets its job back by a late word, when nobody else has it`(_ word: Word) {
    bench.worker("w")
    bench.submit("n")
    bench.pass(2000)
    #expect(bench.status()?.running == 0)
    say(word)
    #expect(bench.status()?.running == 1)
  }

  @Test(arguments: Word.allCases)
  func `changes nothing by a late word about a job that another has`(_ word: Word) {
    bench.worker("w")
    bench.submit("n")
    bench.pass(2000)
    bench.worker("other")
    bench.handle(.assigned, "other", 1)
    say(word)
    bench.done("n", by: "w")
    bench.done("n", by: "other")
    #expect(bench.status()?.jobs == 0)
    #expect(bench.status()?.running == 0)
  }

  private func say(_ word: Word) {
    switch word {
    case .taken: bench.handle(.assigned, "w", 1)
    case .grab: bench.grab("w", 1)
    case .data: bench.data("x", of: "n", by: "w")
    case .acquire: _ = bench.acquire("l", for: "n", by: "w")
    case .release: bench.release("l", for: "n", by: "w")
    }
  }

  @Test func `keeps its connection, but not the grab, of an offer that it did not take`() {
    bench.worker("w")
    bench.submit("n")
    bench.pass(2000)
    #expect(bench.takeAssigned() == ["w n"])
    bench.pass(10_000)
    #expect(bench.takeAssigned() == [])
    bench.grab("w", 2)
    #expect(bench.takeAssigned() == ["w n"])
  }

  @Test func `that has ended jobs and never confirmed one is not waited for`() {
    bench.worker("w")
    bench.submit("n")
    bench.done("n", by: "w")
    bench.grab("w", 2)
    bench.submit("m")
    bench.pass(10_000)
    #expect(bench.status()?.running == 1)
  }

  @Test func `that has confirmed once is waited for each time`() {
    bench.worker("w")
    bench.submit("n")
    bench.handle(.assigned, "w", 1)
    bench.done("n", by: "w")
    bench.grab("w", 2)
    bench.submit("m")
    bench.pass(1999)
    #expect(bench.status()?.running == 1)
    bench.pass(1)
    #expect(bench.status()?.running == 0)
  }

  @Test func `whose message ids tell its age is not waited for`() {
    bench.worker("w", grabs: 0)
    bench.grab("w", 1, confirms: false)
    bench.submit("n")
    bench.pass(10_000)
    #expect(bench.status()?.running == 1)
  }

  @Test func `loses what it runs, its functions and its grabs with its connection`() {
    bench.worker("w", grabs: 2)
    bench.submit("n")
    bench.close("w")
    #expect(bench.status()?.workers == 0 && bench.status()?.running == 0)
    bench.worker("other")
    bench.pass(999)
    #expect(bench.takeAssigned() == [])
    bench.pass(1)
    #expect(bench.takeAssigned() == ["other n"])
  }
}
