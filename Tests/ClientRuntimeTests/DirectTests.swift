import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import Testing

/// Calls into a server on the same loop, with messages before, between and after them.
@Suite(.serialized) struct `A server on the same loop` {
  private static let address = Address.inproc(name: "direct")

  private func submit(
    _ client: Client, _ name: String, of function: String = "f", workload: String = ""
  ) throws -> Outcome? {
    var function = function
    var name = name
    var workload = workload
    return function.withUTF8 { function in
      name.withUTF8 { name in
        workload.withUTF8 { workload in
          let key = JobKey(function: Bytes(function), name: Bytes(name))
          let job = JobFields(key: key, workload: Bytes(workload))
          var outcome: Outcome? = .success
          let isTaken = client.submitDirectly(1) {
            $1 = job
          } failed: {
            outcome = try? $1.get()
          }
          return isTaken ? outcome : nil
        }
      }
    }
  }

  private func village(
    _ change: @escaping (inout ServerOptions) -> Void = { _ in }
  ) throws -> Village {
    try Village(address: Self.address, change: change)
  }

  @Test func `submits, hands out and ends jobs without a turn`() throws {
    let village = try village()
    let client = village.client()
    let worker = try village.knownWorker(slots: 4)
    #expect(try client.pingAndWait() == .success)
    for name in ["a", "b", "c"] { #expect(try submit(client, name) == .success) }
    var taken: [ReceivedJob] = []
    #expect(worker.take(atMost: 2) { taken.append($0) } == 2)
    #expect(taken.map { String(decoding: $0.key.name, as: UTF8.self) } == ["a", "b"])
    func report() -> Int? { worker.reportDirectly(2) { (taken[$0].token, .none) } }
    #expect(report() == 2)
    // A second time there is nothing to report.
    #expect(report() == 0)
    #expect(worker.heldCount == 0)
    guard case .data(let status) = try client.statusAndWait() else {
      Issue.record("no status")
      return
    }
    #expect(String(decoding: status, as: UTF8.self).hasPrefix("f,1,1,"))
  }

  @Test func `hears messages first that were sent before`() throws {
    let village = try village()
    let client = village.client()
    #expect(try client.pingAndWait() == .success)
    var outcome: Outcome?
    try client.submit(Job("f", "n", workload: Array("old".utf8)), .call { outcome = $0 })
    #expect(try submit(client, "n", workload: "new") == .success)
    let worker = try village.knownWorker(slots: 4)
    let job = try #require(worker.next())
    #expect(String(decoding: job.workload, as: UTF8.self) == "new")
    try village.wait { outcome == .success }
    // A report by message comes before the call that follows it.
    try worker.later(job.token, delay: 0)
    let again = try #require(worker.next())
    #expect(again.count == 0 && String(decoding: again.workload, as: UTF8.self) == "new")
  }

  @Test func `is asked by messages from inside a callback`() throws {
    let village = try village()
    let client = village.client()
    #expect(try client.pingAndWait() == .success)
    var answers: [Outcome?] = []
    village.loop.soon { answers.append(try? self.submit(client, "n")) }
    try village.wait { !answers.isEmpty }
    #expect(answers == [nil])
  }

  @Test func `is asked by messages when it has to look who asks`() throws {
    let path = "/tmp/periodic-direct-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(path) }
    let file = try #require(fopen(path, "w"))
    fputs("client me secret f\n", file)
    fclose(file)
    let village = try village { $0.identityFile = path }
    let client = village.client()
    _ = try client.pingAndWait()
    #expect(try submit(client, "n") == nil)
  }

  @Test func `refuses what is no job, as with messages`() throws {
    let village = try village { $0.limits.jobs = 1 }
    let client = village.client()
    #expect(try client.pingAndWait() == .success)
    #expect(try submit(client, "") == nil)
    #expect(try submit(client, "a") == .success)
    #expect(try submit(client, "b") == .refused)
    #expect(try submit(client, "a", workload: "new") == .success)
  }

  @Test func `submits more than go in one batch, and tells which of them failed and how`() throws {
    let village = try village { $0.limits.jobs = 150 }
    let client = village.client()
    #expect(try client.pingAndWait() == .success)
    var names = (0..<200).map { Array("n\($0)".utf8) }
    names[70] = []
    var failed: [Int] = []
    var refused: [Int] = []
    let function = Array("f".utf8)
    let isTaken = function.withUnsafeBytes { function in
      client.submitDirectly(names.count) { index, job in
        names[index].withUnsafeBytes {
          job = JobFields(key: JobKey(function: function, name: $0))
        }
      } failed: { index, end in
        if case .success(.refused) = end { refused.append(index) } else { failed.append(index) }
      }
    }
    #expect(isTaken && failed == [70] && refused == Array(151..<200))
  }

  @Test func `hears of a job once that is reported twice in one batch`() throws {
    let village = try village()
    let client = village.client()
    let worker = try village.knownWorker(slots: 4)
    #expect(try client.pingAndWait() == .success)
    for name in ["a", "b"] { #expect(try submit(client, name) == .success) }
    var taken: [ReceivedJob] = []
    #expect(worker.take(atMost: 2) { taken.append($0) } == 2)
    let tokens = [taken[0].token, taken[0].token, taken[1].token]
    #expect(worker.reportDirectly(3) { (tokens[$0], .none) } == 1)
    #expect(worker.heldCount == 1)
    #expect(worker.reportDirectly(1) { _ in (tokens[2], .none) } == 1)
    #expect(worker.heldCount == 0)
  }

  @Test func `tells a worker that waits of one job, and has the others ready`() throws {
    let village = try village()
    let client = village.client()
    let worker = try village.knownWorker(slots: 8)
    #expect(worker.next() == nil)
    for _ in 0..<20 { village.loop.step() }
    for name in ["a", "b", "c"] {
      #expect(try client.submitAndWait(Job("f", name)) == .success)
    }
    try village.wait { worker.receivedCount > 0 }
    #expect(worker.receivedCount == 1)
    var count = 0
    while let job = worker.next() {
      try worker.done(job.token)
      count += 1
    }
    #expect(count == 3)
  }

  @Test func `leaves a broadcast to those who wait for it`() throws {
    let village = try village()
    let client = village.client()
    let workers = try (0..<2).map { _ in try village.worker(slots: 2) }
    for worker in workers { try worker.broadcast("all") }
    #expect(try client.pingAndWait() == .success)
    for _ in 0..<20 { village.loop.step() }
    #expect(try submit(client, "n", of: "all") == .success)
    for worker in workers { #expect(worker.take(atMost: 1) { _ in } == 1) }
  }
}
