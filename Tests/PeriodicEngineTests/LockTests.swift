import PeriodicCore
import PeriodicEngine
import Testing

/// ACQUIRE and RELEASE (PROTOCOL 2.6).
@Suite struct `A lock` {
  private let bench = EngineBench()

  /// Workers "a", "b" … that run jobs of the same names.
  private func running(_ names: String...) {
    for name in names {
      bench.worker(name)
      bench.submit(name)
      bench.handle(.assigned, name, 1)
    }
    _ = bench.takeSaid()
  }

  @Test func `is held by the first who asks`() {
    running("a")
    #expect(bench.acquire("l", for: "a", by: "a") == "acquired true")
    #expect(bench.status()?.locked == 0)
  }

  @Test func `that the job holds already is acquired again`() {
    running("a")
    _ = bench.acquire("l", for: "a", by: "a")
    #expect(bench.acquire("l", for: "a", by: "a") == "acquired true")
    // It was counted once: one release frees it.
    bench.release("l", for: "a", by: "a")
    running("b")
    #expect(bench.acquire("l", for: "b", by: "b") == "acquired true")
  }

  @Test(arguments: [0, 1, 2, 3] as [UInt16])
  func `has as many holders as are asked for, and at least one`(_ capacity: UInt16) {
    running("a", "b", "c", "d")
    let got = ["a", "b", "c", "d"].filter {
      bench.acquire("l", capacity, for: $0, by: $0) == "acquired true"
    }
    #expect(got.count == max(1, Int(capacity)))
    #expect(bench.status()?.locked == 4 - got.count)
  }

  @Test func `reads its count without a sign`() {
    running("a", "b")
    _ = bench.acquire("l", 40_000, for: "a", by: "a")
    #expect(bench.acquire("l", 40_000, for: "b", by: "b") == "acquired true")
  }

  @Test func `that is full takes the job from its worker`() {
    running("a", "b")
    _ = bench.acquire("l", for: "a", by: "a")
    #expect(bench.acquire("l", for: "b", by: "b") == "acquired false")
    #expect(bench.status()?.locked == 1 && bench.status()?.running == 1)
    // It is in no worker's hands: no report is heard, and no time limit runs.
    bench.done("b", by: "b")
    bench.close("b")
    bench.pass(200_000)
    #expect(bench.status()?.jobs == 2 && bench.status()?.locked == 1)
  }

  @Test func `is refused to who does not run the job, without effect`() {
    running("a", "b")
    #expect(bench.acquire("l", for: "a", by: "b") == "acquired false")
    #expect(bench.acquire("l", for: "none", by: "b") == "acquired false")
    #expect(bench.status()?.running == 2)
    #expect(bench.acquire("l", for: "b", by: "b") == "acquired true")
  }

  @Test func `that becomes free goes to who waits longest, whose job runs again as its holder`() {
    running("a", "b", "c")
    _ = bench.acquire("l", for: "a", by: "a")
    _ = bench.acquire("l", for: "b", by: "b")
    _ = bench.acquire("l", for: "c", by: "c")
    bench.grab("b", 2)
    bench.grab("b", 3)
    bench.release("l", for: "a", by: "a")
    #expect(bench.takeAssigned() == ["b b"])
    // It holds the lock from the moment it was free.
    #expect(bench.acquire("l", for: "a", by: "a") == "acquired false")
    #expect(bench.acquire("l", for: "b", by: "b") == "acquired true")
    #expect(bench.status()?.locked == 2)
  }

  enum End: CaseIterable { case done, fail, later, remove, lost, leaseEnd, refused, offerEnd }

  @Test(arguments: End.allCases)
  func `becomes free with its holder's run, however that ends`(_ how: End) {
    running("b")
    bench.worker("a")
    bench.submit("a", timeout: 5)
    // ACQUIRE confirms a run; only the next run of a job that was woken can be refused.
    let isWoken = how == .refused || how == .offerEnd
    if isWoken {
      running("x")
      _ = bench.acquire("l", for: "x", by: "x")
    }
    _ = bench.acquire("l", for: "a", by: "a")
    _ = bench.acquire("l", for: "b", by: "b")
    if isWoken {
      bench.grab("a", 2)
      bench.done("x", by: "x")
    }
    switch how {
    case .done: bench.done("a", by: "a")
    case .fail: bench.fail("a", by: "a")
    case .later: bench.later("a", by: "a", delay: 9)
    case .remove: bench.remove("a")
    case .lost: bench.close("a")
    case .leaseEnd: bench.pass(5000)
    case .refused: bench.handle(.unassigned, "a", 2)
    case .offerEnd: bench.pass(2000)
    }
    #expect(bench.status()?.locked == 0)
    bench.worker("z", grabs: 3)
    _ = bench.acquire("l", for: "b", by: "z")
    #expect(bench.acquire("l", for: "b", by: "z") == "acquired true")
  }

  @Test func `is held by a job of a dropped function until that is freed`() {
    running("b")
    bench.worker("a", ["g"])
    bench.submit("a", "g")
    _ = bench.acquire("l", for: "a", of: "g", by: "a")
    _ = bench.acquire("l", for: "b", by: "b")
    _ = bench.takeSaid()
    withBytes(of: "g") { bench.handle(.cannotDo(function: $0), "a") }
    bench.grab("b", 2)
    bench.grab("b", 3)
    bench.drop("g")
    #expect(bench.status("g") == nil)
    // Who waits for the lock is not due yet, and is overtaken.
    bench.submit("c")
    #expect(bench.takeAssigned() == ["b c"] && bench.status()?.locked == 1)
    bench.work()
    #expect(bench.takeAssigned() == ["b b"] && bench.status()?.locked == 0)
  }

  @Test func `has room for all who wait when somebody asks for a larger count`() {
    running("a", "b", "c")
    _ = bench.acquire("l", 1, for: "a", by: "a")
    _ = bench.acquire("l", 1, for: "b", by: "b")
    #expect(bench.acquire("l", 3, for: "c", by: "c") == "acquired true")
    #expect(bench.status()?.locked == 0)
  }

  @Test func `shrinks again with who asked for the larger count`() {
    running("a", "b", "c")
    _ = bench.acquire("l", 2, for: "a", by: "a")
    _ = bench.acquire("l", 1, for: "b", by: "b")
    bench.done("a", by: "a")
    #expect(bench.acquire("l", 1, for: "c", by: "c") == "acquired false")
  }

  @Test func `is left by a release from the connection that waits for it`() {
    running("a", "b")
    _ = bench.acquire("l", for: "a", by: "a")
    _ = bench.acquire("l", for: "b", by: "b")
    bench.release("l", for: "b", by: "a")
    #expect(bench.status()?.locked == 1)
    bench.grab("b", 2)
    bench.release("l", for: "b", by: "b")
    #expect(bench.takeAssigned() == ["b b"])
    #expect(bench.status()?.locked == 0)
  }

  @Test func `is given back by a job that waits for another`() {
    running("a", "b", "c")
    _ = bench.acquire("outer", for: "b", by: "b")
    _ = bench.acquire("inner", for: "a", by: "a")
    _ = bench.acquire("inner", for: "b", by: "b")
    // What a client says that leaves one lock inside another.
    bench.release("outer", for: "b", by: "b")
    #expect(bench.acquire("outer", for: "c", by: "c") == "acquired true")
    #expect(bench.status()?.locked == 1)
    bench.grab("b", 2)
    bench.release("inner", for: "a", by: "a")
    #expect(bench.takeAssigned() == ["b b"])
  }

  @Test func `answers every release with success`() {
    running("a")
    bench.release("l", for: "a", by: "a")
    bench.release("l", for: "none", by: "a")
    #expect(bench.takeSaid() == ["a/55: success", "a/55: success"])
  }

  @Test func `is not released by who does not run the job`() {
    running("a", "b")
    _ = bench.acquire("l", for: "a", by: "a")
    bench.release("l", for: "a", by: "b")
    #expect(bench.acquire("l", for: "b", by: "b") == "acquired false")
  }

  @Test func `that is waited for is left by a submit, which makes the job ready`() {
    running("a", "b")
    _ = bench.acquire("l", for: "a", by: "a")
    _ = bench.acquire("l", for: "b", by: "b")
    bench.grab("b", 2)
    bench.submit("b")
    #expect(bench.takeAssigned() == ["b b"])
    #expect(bench.acquire("l", for: "b", by: "b") == "acquired false")
  }

  @Test func `that is waited for is left by a request to run`() {
    running("a", "b")
    _ = bench.acquire("l", for: "a", by: "a")
    _ = bench.acquire("l", for: "b", by: "b")
    bench.grab("b", 2)
    bench.run("b")
    #expect(bench.takeAssigned() == ["b b"])
  }

  @Test func `limits how many a job may hold`() {
    var limits = Limits()
    limits.locksPerJob = 2
    let bench = EngineBench(limits: limits)
    bench.worker("w")
    bench.submit("n")
    #expect(bench.acquire("1", for: "n", by: "w") == "acquired true")
    #expect(bench.acquire("2", for: "n", by: "w") == "acquired true")
    #expect(
      bench.acquire("3", for: "n", by: "w") == "refused: locks_per_job: 3 is over the limit")
    #expect(bench.acquire("2", for: "n", by: "w") == "acquired true")
    #expect(bench.status()?.running == 1)
  }
}

/// `lock-timeout` (PROTOCOL 2.6 and 2.9).
@Suite struct `The holding of a lock` {
  private let bench = EngineBench()

  private func contended() {
    for name in ["a", "b"] {
      bench.worker(name)
      bench.submit(name, timeout: 1000)
      bench.handle(.assigned, name, 1)
      _ = bench.acquire("l", for: name, by: name)
    }
    _ = bench.takeSaid()
  }

  @Test func `ends after five minutes, and its job runs on`() {
    contended()
    bench.pass(299_999)
    #expect(bench.status()?.locked == 1)
    bench.pass(1)
    #expect(bench.status()?.locked == 0)
    #expect(bench.status()?.running == 1)
    bench.done("a", by: "a")
    #expect(bench.status()?.jobs == 1)
  }

  @Test func `is measured anew for the next holder`() {
    contended()
    bench.pass(100_000)
    bench.done("a", by: "a")
    bench.worker("c", grabs: 2)
    bench.submit("c", timeout: 1000)
    bench.handle(.assigned, "c", 1)
    #expect(bench.acquire("l", for: "c", by: "c") == "acquired false")
    bench.pass(299_999)
    #expect(bench.status()?.locked == 1)
    bench.pass(1)
    #expect(bench.status()?.locked == 0)
  }

  @Test func `never ends when the setting is 0`() {
    contended()
    bench.set("lock-timeout", 0)
    bench.pass(900_000)
    #expect(bench.status()?.locked == 1)
  }

  @Test func `follows the setting at once`() {
    contended()
    bench.pass(10_000)
    bench.set("lock-timeout", 11)
    bench.pass(999)
    #expect(bench.status()?.locked == 1)
    bench.pass(1)
    #expect(bench.status()?.locked == 0)
  }
}
