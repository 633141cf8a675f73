import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import Testing

@Suite struct `A server, a client and a worker inside one process` {
  let name = Address.inproc(name: "village-\(UInt64.random(in: 0 ... .max))")

  private func village(_ change: @escaping (inout ServerOptions) -> Void = { _ in }) throws
    -> Village
  {
    try Village(address: name, change: change)
  }

  @Test func `pass a job from one to the other`() throws {
    let village = try village()
    let client = village.client()
    let worker = try village.worker()
    let job = Job("f", "n", workload: Array("hi".utf8), timeout: 30)
    #expect(try client.submitAndWait(job) == .success)
    let received = try #require(try worker.next(timeout: 5_000))
    #expect(received.key.name.text == "n" && received.workload.text == "hi")
    try worker.done(received.token)
    #expect(try worker.drainAndWait() == .success)
  }

  @Test func `carry workloads larger than what may be on its way`() throws {
    let village = try village()
    let client = village.client()
    let worker = try village.worker(slots: 4)
    let workload = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 5) }
    let jobs = (0..<4).map { Job("f", "\($0)", workload: workload) }
    #expect(try client.submitAndWait(contentsOf: jobs).allSatisfy { $0 == .success })
    for _ in jobs {
      let received = try #require(try worker.next(timeout: 10_000))
      #expect(workload.withUnsafeBytes { $0.equals(received.workload) })
      try worker.done(received.token)
    }
    #expect(try worker.drainAndWait() == .success)
  }

  @Test func `wait for each other: the server may come later, go, and come again`() throws {
    let village = try village()
    village.server.close()
    let client = village.client()
    for _ in 0..<5 { village.loop.step() }
    guard case .connectFailed = client.lastLoss else {
      Issue.record("a connection was not refused: \(String(describing: client.lastLoss))")
      return
    }
    #expect(client.lastLossText == "connect to \(name): connection refused")
    try village.start()
    #expect(try client.pingAndWait() == .success)
    village.server.close()
    for _ in 0..<5 { village.loop.step() }
    #expect(client.state != .ready)
    try village.start()
    #expect(try client.pingAndWait() == .success)
  }

  @Test func `end in order: an orderly stop answers what was asked before`() throws {
    let village = try village()
    let client = village.client()
    #expect(try client.pingAndWait() == .success)
    var outcomes: [Outcome] = []
    for index in 0..<100 { try client.submit(Job("f", "\(index)"), .call { outcomes.append($0) }) }
    var end: ServerEnd?
    village.server.onStopped = { end = $0 }
    village.loop.step()
    village.server.stop()
    try village.wait { end != nil }
    try village.wait { outcomes.count == 100 }
    #expect(end == .graceful && outcomes.allSatisfy { $0 == .success })
  }

  @Test func `give a job back when its worker closes`() throws {
    let village = try village()
    let first = try village.worker()
    #expect(try village.client().submitAndWait(Job("f", "n")) == .success)
    let job = try #require(try first.next(timeout: 5_000))
    first.close()
    let second = try village.worker()
    #expect(try second.next(timeout: 5_000)?.key.name.text == "n")
    try first.done(job.token, .pull(tag: 0))
    #expect(first.takeCompletion()?.outcome == .stale)
  }

  @Test func `keep to the limit of connections`() throws {
    let village = try village { $0.limits.connections = 2 }
    let clients = (0..<2).map { _ in village.client() }
    for client in clients { #expect(try client.pingAndWait() == .success) }
    let third = village.client()
    #expect(try third.pingAndWait(timeout: 50) == .timedOut)
    clients[0].close()
    #expect(try third.pingAndWait(timeout: 5_000) == .success)
  }

  @Test func `keep to identities`() throws {
    let path = "/tmp/periodic-inproc-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(path) }
    let file = try #require(fopen(path, "w"))
    fputs("client me secret f\n", file)
    fclose(file)
    let village = try village { $0.identityFile = path }
    #expect(try village.client().submitAndWait(Job("f", "n")) == .noWorker)
    var options = village.options
    options.credentials = Credentials(name: Array("me".utf8), token: Array("secret".utf8))
    let known = Client(village.loop, to: name, options: options)
    #expect(try known.submitAndWait(Job("f", "n")) == .success)
    #expect(try known.submitAndWait(Job("g", "n")) == .noWorker)
  }

  @Test func `work across threads: ten thousand jobs, each once, and a stop in between`() throws {
    let village = try village()
    let worker = try village.knownWorker(slots: 64)
    var counts = [Int](repeating: 0, count: 10_000)
    var done = 0
    worker.onJobs = { [unowned worker] in
      while let job = worker.next() {
        counts[Int(job.key.name.text) ?? 0] += 1
        done += 1
        if done == 10_000 { village.loop.stop() }
        _ = try? worker.done(job.token)
      }
    }
    let other = OtherThread()
    let thread = try NativeThread(name: "client") { [name] in other.submit(to: name) }
    village.loop.run()
    thread.join()
    #expect(other.successes == 10_000)
    #expect(counts.allSatisfy { $0 == 1 })
    village.server.stop()
    try village.wait { village.server.connectionCount == 0 }
  }

  /// Submits in halves over two connections one after the other.
  private final class OtherThread: @unchecked Sendable {
    private(set) var successes = 0

    func submit(to name: Address) {
      guard let loop = try? Loop() else { return }
      for half in 0..<2 {
        let client = Client(loop, to: name)
        let jobs = (half * 5_000..<(half + 1) * 5_000).map { Job("f", "\($0)") }
        let outcomes = try? client.submitAndWait(contentsOf: jobs)
        successes += outcomes?.filter { $0 == .success }.count ?? 0
        client.close()
      }
    }
  }
}
