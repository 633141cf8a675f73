import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import Testing

@Suite struct `A client and a worker at a server` {
  @Test func `pass a job from one to the other, and it is gone when it is done`() throws {
    let village = try Village()
    let client = village.client()
    let worker = try village.worker()
    let job = Job("f", "n", workload: Array("hi".utf8), timeout: 30)
    #expect(try client.submitAndWait(job) == .success)
    let received = try #require(try worker.next(timeout: 5_000))
    #expect(received.key.name.text == "n")
    #expect(received.workload.text == "hi")
    #expect(received.timeout == 30)
    try worker.done(received.token)
    #expect(try worker.drainAndWait() == .success)
    guard case .data(let answer) = try client.statusAndWait() else {
      Issue.record("no answer to STATUS")
      return
    }
    #expect(FunctionStatus.list(answer).map(\.jobs) == [0])
  }

  @Test func `hand a job over at its time and not before`() throws {
    let village = try Village(virtualTime: true)
    let client = village.client()
    let worker = try village.worker()
    let job = Job("f", "n", scheduledAt: 1_700_000_060)
    #expect(try client.submitAndWait(job) == .success)
    village.pass(seconds: 59)
    #expect(worker.receivedCount == 0)
    village.pass(seconds: 1)
    let received = try village.take(worker)
    #expect(received.scheduledAt == 1_700_000_060)
  }

  @Test func `run a job again that was postponed or failed`() throws {
    let village = try Village(virtualTime: true)
    let worker = try village.worker()
    #expect(try village.client().submitAndWait(Job("f", "n")) == .success)
    let first = try village.take(worker)
    try worker.later(first.token, delay: 5, step: 2)
    village.pass(seconds: 4)
    #expect(worker.receivedCount == 0)
    village.pass(seconds: 1)
    let second = try village.take(worker)
    #expect(second.count == 2)
    try worker.fail(second.token)
    village.pass(seconds: 1)
    let third = try village.take(worker)
    #expect(third.key.name.text == "n")
  }

  @Test func `give a job to another worker when the first is gone, whose report is stale`() throws {
    let village = try Village()
    let first = try village.worker()
    #expect(try village.client().submitAndWait(Job("f", "n")) == .success)
    let job = try #require(try first.next(timeout: 5_000))
    first.close()
    let second = try village.worker()
    let again = try #require(try second.next(timeout: 5_000))
    #expect(again.key.name.text == "n")
    try first.done(job.token, .pull(tag: 0))
    #expect(first.takeCompletion()?.outcome == .stale)
    #expect(second.isHeld(again.token))
  }

  @Test func `keep a report that was followed by close at once`() throws {
    let village = try Village()
    let client = village.client()
    let worker = try village.worker()
    #expect(try client.submitAndWait(Job("f", "n")) == .success)
    let job = try #require(try worker.next(timeout: 5_000))
    try worker.done(job.token)
    worker.close()
    for _ in 0..<20 { village.loop.step() }
    guard case .data(let answer) = try client.statusAndWait() else { return }
    #expect(FunctionStatus.list(answer).map(\.jobs) == [0])
  }

  @Test func `remove jobs and drop functions`() throws {
    let village = try Village()
    let client = village.client()
    #expect(try client.submitAndWait(contentsOf: [Job("f", "a"), Job("f", "b")]).count == 2)
    #expect(try client.removeAndWait("f", "a") == .success)
    let worker = try village.worker(slots: 2)
    let job = try #require(try worker.next(timeout: 5_000))
    #expect(job.key.name.text == "b")
    try worker.done(job.token)
    worker.close()
    #expect(try client.dropAndWait("f") == .success)
  }

  @Test func `do ten thousand jobs with three workers, each once`() throws {
    let village = try Village()
    var counts = [Int](repeating: 0, count: 10_000)
    let workers = try (0..<3).map { _ in try village.worker(slots: 50) }
    for worker in workers {
      worker.onJobs = { [unowned worker] in
        while let job = worker.next() {
          counts[Int(job.key.name.text) ?? 0] += 1
          _ = try? worker.done(job.token)
        }
      }
    }
    let jobs = (0..<10_000).map { Job("f", "\($0)") }
    let outcomes = try village.client().submitAndWait(contentsOf: jobs)
    #expect(outcomes.allSatisfy { $0 == .success })
    for _ in 0..<10_000 where counts.contains(0) { village.loop.step() }
    #expect(counts.allSatisfy { $0 == 1 })
  }

  @Test func `go on after a restart of a durable server, which has kept every job`() throws {
    let path = "/tmp/periodic-client-\(UInt64.random(in: 0 ... .max)).sqlite"
    defer { for end in ["", "-wal", "-shm", ".lock"] { unlink(path + end) } }
    let village = try Village(store: .sqlite(path: path))
    let client = village.client()
    let jobs = (0..<100).map { Job("f", "\($0)") }
    #expect(try client.submitAndWait(contentsOf: jobs).allSatisfy { $0 == .success })
    village.server.close()
    try village.start()
    let worker = try village.worker(slots: 10)
    var seen: Set<String> = []
    while seen.count < 100, let job = try worker.next(timeout: 5_000) {
      seen.insert(job.key.name.text)
      try worker.done(job.token)
    }
    #expect(seen.count == 100)
    #expect(try client.pingAndWait() == .success)
    village.server.close()
  }
}
