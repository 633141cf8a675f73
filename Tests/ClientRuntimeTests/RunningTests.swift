import PeriodicClient
import PeriodicCore
import PeriodicRuntime
import Testing

private func key(_ name: StaticString) -> JobKey {
  JobKey(function: StaticString("f").bytes, name: name.bytes)
}

@Suite struct `At a server, who runs a job and waits` {
  @Test func `gets the result`() throws {
    let village = try Village()
    let worker = try village.knownWorker()
    worker.onJobs = { [unowned worker] in
      while let job = worker.next() { _ = try? worker.done(job.token, data: job.workload) }
    }
    let job = Job("f", "n", workload: Array("hi".utf8))
    #expect(try village.client().runAndWait(job) == .data(Array("hi".utf8)))
  }

  @Test func `hears at once that nobody can do it`() throws {
    let village = try Village()
    #expect(try village.client().runAndWait(Job("f", "n")) == .noWorker)
  }

  @Test func `hears that it failed`() throws {
    let village = try Village()
    let worker = try village.knownWorker()
    worker.onJobs = { [unowned worker] in
      while let job = worker.next() { _ = try? worker.fail(job.token) }
    }
    #expect(try village.client().runAndWait(Job("f", "n")) == .data(Array("failed".utf8)))
  }

  @Test func `hears the data in order, then the end, then the result`() throws {
    let village = try Village()
    let client = village.client()
    let worker = try village.knownWorker()
    var heard: [String] = []
    try client.receiveData(
      key("n"),
      .call { outcome in
        if case .part(let bytes) = outcome { heard.append(String(decoding: bytes, as: UTF8.self)) }
        if outcome == .success { heard.append("end") }
      })
    try client.run(Job("f", "n"), .call { _ in heard.append("result") })
    let job = try village.take(worker)
    try worker.workData(job.token, StaticString("one").bytes)
    try worker.workData(job.token, StaticString("two").bytes)
    try worker.done(job.token)
    try village.wait { heard.count == 4 }
    #expect(heard == ["one", "two", "end", "result"])
  }
}

@Suite struct `At a server, workers` {
  @Test func `share a lock, and get a job back when it is free`() throws {
    let village = try Village()
    let client = village.client()
    let lock = StaticString("L").bytes
    let first = try village.knownWorker()
    #expect(try client.submitAndWait(Job("f", "a")) == .success)
    let holder = try village.take(first)
    #expect(try first.acquireAndWait(lock: lock, capacity: 1, holder.token) == .acquired(true))
    let second = try village.knownWorker()
    #expect(try client.submitAndWait(Job("f", "b")) == .success)
    let other = try village.take(second)
    #expect(try second.acquireAndWait(lock: lock, capacity: 1, other.token) == .acquired(false))
    #expect(other.key.name.text == "b")
    #expect(throws: RequestError.notHeld) { try second.done(other.token) }
    try first.done(holder.token)
    let again = try village.take(second)
    #expect(again.key.name.text == "b")
    #expect(try second.acquireAndWait(lock: lock, capacity: 1, again.token) == .acquired(true))
    #expect(try second.releaseAndWait(lock: lock, again.token) == .success)
  }

  @Test func `all get a job that is broadcast`() throws {
    let village = try Village()
    let workers = try (0..<3).map { _ in
      let worker = Worker(village.loop, to: village.address, options: village.options)
      try #require(try worker.broadcastAndWait("f") == .success)
      return worker
    }
    #expect(try village.client().submitAndWait(Job("f", "n")) == .success)
    for worker in workers { #expect(try village.take(worker).key.name.text == "n") }
  }
}

@Suite struct `At a server, who administers it` {
  @Test func `reads and changes settings`() throws {
    let village = try Village()
    let client = village.client()
    let name = StaticString("timeout").bytes
    #expect(try client.getSettingAndWait(key: name) == .setting(600))
    #expect(try client.setSettingAndWait(key: name, to: 30) == .success)
    #expect(try client.getSettingAndWait(key: name) == .setting(30))
  }

  @Test func `dumps the jobs and loads them into another`() throws {
    let village = try Village()
    #expect(
      try village.client().submitAndWait(contentsOf: [Job("f", "a"), Job("f", "b")])
        == [.success, .success])
    guard case .data(let list) = try village.client().dumpAndWait() else {
      Issue.record("no list")
      return
    }
    let other = try Village()
    let client = other.client()
    #expect(try list.withUnsafeBytes { try client.loadAndWait($0) } == .success)
    guard case .data(let answer) = try client.statusAndWait() else { return }
    #expect(FunctionStatus.list(answer).map(\.jobs) == [2])
  }

  @Test func `ends it, and hears so by the end of the connection`() throws {
    let village = try Village()
    #expect(try village.client().shutdownAndWait() == .success)
  }
}
