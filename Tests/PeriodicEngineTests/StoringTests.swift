import PeriodicCore
import PeriodicEngine
import Testing

@Suite struct `With a durable store` {
  @Test func `a job cannot be assigned before its batch is durable`() {
    let bench = EngineBench(durable: true)
    bench.worker("w")
    bench.submit("n", workload: "x")
    #expect(bench.takeSaid() == ["client/99: success, held"])
    #expect(bench.takeStored() == ["add f", "put n x"])
    #expect(bench.status()?.jobs == 0)
    bench.commit()
    #expect(bench.takeAssigned() == ["w n"])
  }

  @Test func `a refused job is gone`() {
    let bench = EngineBench(durable: true)
    bench.submit("n")
    bench.commit(refused: true)
    bench.worker("w")
    bench.commit()
    #expect(bench.status()?.jobs == 0)
    #expect(bench.takeAssigned() == [])
  }

  @Test func `a refused version leaves the old one in its place`() {
    let bench = EngineBench(durable: true)
    bench.submit("n", in: 1, workload: "old")
    bench.submit("m", in: 2)
    bench.commit()
    bench.submit("n", in: 60, workload: "new")
    bench.commit(refused: true)
    bench.worker("w", grabs: 2)
    bench.pass(2000)
    #expect(bench.takeAssigned() == ["w n", "w m"])
  }

  @Test func `a version refused between two others does not show`() {
    let bench = EngineBench(durable: true)
    bench.submit("n", in: 1)
    bench.commit()
    bench.submit("n", in: 2)
    bench.submit("n", in: 3)
    bench.commit(refused: true)
    #expect(bench.status()?.scheduledAt == bench.now.wallSeconds + 1)
  }

  @Test func `an end is stored and applies at once`() {
    let bench = EngineBench(durable: true)
    bench.worker("w")
    bench.submit("n")
    bench.commit()
    _ = bench.takeStored()
    bench.fail("n", by: "w")
    #expect(bench.takeStored() == ["reschedule"])
    bench.remove("n")
    #expect(bench.takeStored() == ["delete"])
    #expect(bench.status()?.jobs == 0)
  }

  @Test func `a drop stores one intent and frees the jobs afterwards`() {
    let bench = EngineBench(durable: true)
    for number in 0..<1000 { bench.submit("n\(number)", in: 3600) }
    bench.commit()
    _ = bench.takeStored()
    bench.drop()
    #expect(bench.takeStored() == ["drop f"])
    #expect(bench.status() == nil)
    bench.submit("n1")
    bench.work()
    let stored = bench.takeStored()
    #expect(stored.filter { $0 == "delete" }.count == 1000)
    #expect(stored.last == "dropped f")
    bench.commit()
    #expect(bench.status()?.jobs == 1)
  }

  @Test func `a drop does not run far ahead of the store`() {
    let bench = EngineBench(durable: true)
    for number in 0..<4200 { bench.submit("n\(number)", in: 3600) }
    bench.commit()
    bench.work()
    bench.drop()
    _ = bench.takeStored()
    var deleted: [Int] = []
    while deleted.isEmpty || deleted.last != 0 {
      bench.work()
      deleted.append(bench.takeStored().filter { $0 == "delete" }.count)
      bench.commit()
    }
    #expect(deleted == [4096, 104, 0])
  }

  @Test func `a drop of jobs that are not stored waits for nothing`() {
    let bench = EngineBench(durable: true)
    bench.worker("w", grabs: 0)
    for number in 0..<4200 { bench.run("n\(number)", in: 3600) }
    bench.close("w")
    bench.work()
    bench.drop()
    bench.work()
    #expect(bench.takeStored().last == "dropped f")
  }

  @Test func `a function with workers is not dropped`() {
    let bench = EngineBench()
    bench.submit("n")
    bench.worker("w", grabs: 0)
    bench.drop()
    #expect(bench.status()?.jobs == 1)
  }
}

@Suite struct `Limits of the engine` {
  @Test func `refuse a new job and let an old one be replaced`() {
    var limits = Limits()
    limits.jobs = 1
    let bench = EngineBench(limits: limits)
    bench.submit("one")
    bench.submit("two")
    bench.submit("one")
    #expect(
      bench.takeSaid() == [
        "client/99: success", "client/99: refused: jobs: 2 is over the limit",
        "client/99: success",
      ])
  }

  @Test func `refuse names that are empty or have more than 255 bytes`() {
    let bench = EngineBench()
    bench.submit("")
    bench.submit("n", "")
    bench.submit(String(repeating: "n", count: 256))
    bench.submit(String(repeating: "n", count: 255))
    #expect(
      bench.takeSaid().map { $0.split(separator: ":").last ?? "" } == [
        " job name is empty", " function is empty", " 256 is over the limit", " success",
      ])
  }
}
