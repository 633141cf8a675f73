import PeriodicCore
import PeriodicEngine
import Testing

/// The listing of jobs that DUMP is made of (PROTOCOL 2.10).
@Suite struct `A listing of jobs` {
  /// All jobs, looked at so many places at a time, as "name workload" and whether they run.
  private func list(_ bench: EngineBench, by count: Int) -> [String] {
    var shown: [String] = []
    var position: JobPosition? = .start
    while let place = position {
      position = bench.engine.forEachJob(from: place, atMost: count) { item, isRunning in
        guard case .here(let job) = item else { return shown.append("away") }
        let names = "\(job.job.key.name.text) \(job.job.workload.text)"
        shown.append(isRunning ? "\(names) runs" : names)
      }
    }
    return shown
  }

  @Test(arguments: [1, 2, 100]) func `shows each once, in any state`(_ count: Int) {
    let bench = EngineBench()
    bench.worker("w", grabs: 2)
    bench.submit("running", workload: "1")
    bench.submit("locked", workload: "2")
    bench.submit("other", "g", workload: "3")
    bench.submit("later", in: 50, workload: "4")
    _ = bench.acquire("l", for: "running", by: "w")
    _ = bench.acquire("l", for: "locked", by: "w")
    #expect(
      list(bench, by: count).sorted() == ["later 4", "locked 2", "other 3", "running 1 runs"])
  }

  @Test func `leaves out what no batch has made durable, and what was dropped`() {
    let bench = EngineBench(durable: true)
    bench.submit("n", workload: "old")
    bench.submit("gone", "g")
    bench.commit()
    bench.submit("new")
    bench.drop("g")
    #expect(list(bench, by: 10) == ["n old"])
  }

  @Test func `goes on where it was while jobs come and go`() {
    let bench = EngineBench()
    for number in 0..<10 { bench.submit("n\(number)", in: 9) }
    var shown: [String] = []
    var position: JobPosition? = .start
    var step = 0
    while let place = position {
      position = bench.engine.forEachJob(from: place, atMost: 3) { item, _ in
        guard case .here(let job) = item else { return }
        shown.append(job.job.key.name.text)
      }
      bench.remove("n\(step)")
      bench.submit("more\(step)", in: 9)
      step += 1
    }
    for number in 4..<10 { #expect(shown.filter { $0 == "n\(number)" }.count == 1) }
  }
}
