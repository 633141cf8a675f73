import PeriodicCore
import PeriodicEngine
import PeriodicStore
import Testing

/// The workload cache: with a durable store, what waits for long is not in memory.
@Suite struct `A job that waits` {
  let bench = EngineBench(durable: true)

  /// An engine whose cache holds nothing, with jobs that are due and nobody to do them.
  private func full(_ names: String...) -> EngineBench {
    var limits = Limits()
    limits.cacheBytes = 0
    let bench = EngineBench(durable: true, limits: limits)
    for name in names { bench.submit(name, workload: "of \(name)") }
    bench.commit()
    return bench
  }

  @Test func `for long keeps its name and its turn only`() {
    bench.submit("soon", in: 9, workload: "1234")
    bench.submit("late", in: 11, workload: "567")
    #expect(bench.cachedBytes == 7)
    bench.commit()
    #expect(bench.cachedBytes == 4)
    #expect(bench.status()?.jobs == 2)
  }

  @Test func `for long is read a second before its time, for a worker that waits`() {
    bench.submit("n", in: 20, workload: "x")
    bench.commit()
    bench.worker("w")
    #expect(bench.nextWake == 19_000)
    bench.pass(19_000)
    bench.answer(bench.takeReads())
    #expect(bench.takeAssigned() == [])
    bench.pass(1000)
    #expect(bench.takeAssigned() == ["w n"])
    #expect(bench.lastAssignment == "x 600 0 0")
  }

  @Test func `for long and without a worker is not read`() {
    bench.submit("n", in: 20)
    bench.commit()
    bench.pass(30_000)
    #expect(!bench.wantsReads)
  }

  @Test func `behind a full cache is read back in its turn`() {
    let bench = full("a", "b", "c")
    #expect(bench.cachedBytes == 0)
    bench.worker("w", grabs: 3)
    #expect(bench.takeAssigned() == [])
    let tickets = bench.takeReads()
    #expect(tickets.count == 1, "more when there is room")
    bench.answer(tickets)
    #expect(bench.takeAssigned() == ["w a"])
    bench.answer(bench.takeReads())
    bench.answer(bench.takeReads())
    #expect(bench.takeAssigned() == ["w b", "w c"])
  }

  @Test func `behind a full cache is read for nobody`() {
    let bench = full("a")
    bench.submit("b")
    bench.commit()
    #expect(!bench.wantsReads)
  }

  @Test func `is not overtaken while it is read`() {
    let bench = full("a")
    bench.worker("w", grabs: 2)
    let tickets = bench.takeReads()
    bench.submit("b")
    bench.commit()
    #expect(bench.takeAssigned() == [])
    bench.answer(tickets)
    #expect(bench.takeAssigned().first == "w a")
  }

  @Test func `replaced while it is read is handed out as it is then`() {
    let bench = full("a")
    bench.worker("w")
    let tickets = bench.takeReads()
    bench.submit("a", workload: "new")
    bench.answer(tickets)
    #expect(bench.takeAssigned() == [])
    bench.commit()
    #expect(bench.takeAssigned() == ["w a"])
    #expect(bench.lastAssignment == "new 600 0 0")
  }

  @Test func `replaced, refused by the store, and read is the old one`() {
    let bench = full("a")
    bench.submit("a", workload: "new")
    bench.commit(refused: true)
    bench.worker("w")
    bench.answer(bench.takeReads())
    #expect(bench.lastAssignment == "of a 600 0 0")
  }

  @Test func `removed while it is read lets the next one pass`() {
    let bench = full("a", "b")
    bench.worker("w")
    let tickets = bench.takeReads()
    bench.remove("a")
    bench.commit()
    #expect(bench.answer(tickets) == 0)
    bench.answer(bench.takeReads())
    #expect(bench.takeAssigned() == ["w b"])
  }

  @Test func `dropped while it is read is gone`() {
    let bench = full("a")
    bench.worker("w", ["f"])
    let tickets = bench.takeReads()
    bench.close("w")
    bench.drop()
    bench.work()
    bench.commit()
    bench.submit("a", workload: "another")
    bench.commit()
    #expect(bench.answer(tickets) == 0)
    #expect(bench.status()?.jobs == 1)
  }

  @Test func `that is not in the store any more is told as a loss`() {
    let bench = full("a", "b")
    bench.worker("w", grabs: 2)
    let tickets = bench.takeReads()
    let deletion = StoreBatch()
    for ticket in tickets { deletion.append(.delete(ticket.id)) }
    #expect(throws: Never.self) { try bench.disk.apply(deletion) }
    #expect(bench.answer(tickets) == 1)
    bench.answer(bench.takeReads())
    #expect(bench.takeAssigned() == ["w b"])
  }

  @Test func `put back for long stays until the store has that`() {
    bench.worker("w")
    bench.submit("n", workload: "x")
    bench.commit()
    bench.later("n", by: "w", delay: 60, step: 1)
    #expect(bench.cachedBytes == 1)
    bench.commit(refused: true)
    bench.work()
    #expect(bench.cachedBytes == 1)
    bench.commit()
    bench.work()
    #expect(bench.cachedBytes == 0)
    bench.grab("w", 2)
    bench.pass(59_000)
    bench.answer(bench.takeReads())
    bench.pass(1000)
    #expect(bench.lastAssignment == "x 600 1 0")
  }

  @Test func `that its worker may still take stays`() {
    var limits = Limits()
    limits.cacheBytes = 0
    let bench = EngineBench(durable: true, limits: limits)
    bench.worker("w")
    bench.submit("n", workload: "x")
    bench.commit()
    bench.pass(2000)
    #expect(bench.status()?.running == 0)
    bench.handle(.assigned, "w", 1)
    #expect(bench.status()?.running == 1 && bench.cachedBytes == 1)
  }

  @Test func `with a large workload is in memory only on its way`() {
    var limits = Limits()
    limits.largeWorkloadBytes = 3
    let bench = EngineBench(durable: true, limits: limits)
    bench.submit("n", workload: "large")
    #expect(bench.takeStored().last == "put n large")
    #expect(bench.cachedBytes == 0)
    bench.commit()
    bench.worker("w")
    bench.answer(bench.takeReads())
    #expect(bench.takeAssigned() == ["w n"])
    #expect(bench.lastAssignment == "large 600 0 0")
    bench.later("n", by: "w", delay: 0, step: 2)
    #expect(bench.cachedBytes == 0)
    bench.commit()
    bench.grab("w", 2)
    bench.answer(bench.takeReads())
    #expect(bench.lastAssignment == "large 600 2 0")
  }

  @Test func `in a memory store keeps everything`() {
    let bench = EngineBench()
    bench.submit("n", in: 60, workload: "x")
    #expect(bench.cachedBytes == 1)
  }

  @Test func `comes from the store without its workload`() {
    withBytes(of: "n") { name in
      let key = JobKey(function: name, name: name)
      let entry = StoredEntry(
        id: JobID(7), key: key, due: bench.now.wall + 50_000, workloadLength: 9)
      bench.engine.restore(.job(entry), at: bench.now)
    }
    #expect(bench.cachedBytes == 0)
    #expect(bench.status("n")?.jobs == 1)
  }
}

@Suite struct `Limits of bytes` {
  private func bench(_ change: (inout Limits) -> Void) -> EngineBench {
    var limits = Limits()
    change(&limits)
    return EngineBench(limits: limits)
  }

  @Test func `count names and workloads of all jobs`() {
    let bench = bench { $0.bytes = 10 }
    bench.submit("a", workload: "1234")
    bench.submit("b", "g", workload: "5678")
    bench.submit("c")
    #expect(bench.takeSaid().last == "client/99: refused: bytes: 11 is over the limit")
    bench.remove("a")
    bench.submit("c")
    #expect(bench.takeSaid().last == "client/99: success")
  }

  @Test func `let a job be replaced by one that is not larger`() {
    let bench = bench { $0.bytes = 5 }
    bench.submit("a", workload: "1234")
    bench.submit("a", workload: "4321")
    #expect(bench.takeSaid().last == "client/99: success")
    bench.submit("a", workload: "12345")
    #expect(bench.takeSaid().last == "client/99: refused: bytes: 6 is over the limit")
  }

  @Test func `hold for each function too`() {
    let bench = bench { $0.functionBytes = 3 }
    bench.submit("a", workload: "12")
    bench.submit("b")
    #expect(bench.takeSaid().last == "client/99: refused: function_bytes: 4 is over the limit")
    bench.submit("b", "g")
    #expect(bench.takeSaid().last == "client/99: success")
  }

  @Test func `and of jobs hold for each function`() {
    let bench = bench { $0.functionJobs = 1 }
    bench.submit("a")
    bench.submit("b")
    #expect(bench.takeSaid().last == "client/99: refused: function_jobs: 2 is over the limit")
    bench.submit("b", "g")
    #expect(bench.takeSaid().last == "client/99: success")
  }

  @Test func `forget what was dropped`() {
    let bench = bench { $0.bytes = 3 }
    bench.submit("a", workload: "12")
    bench.drop()
    bench.submit("b", workload: "12")
    #expect(bench.takeSaid().last == "client/99: success")
  }
}
