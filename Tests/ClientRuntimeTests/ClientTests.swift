import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import Testing

@Suite struct `A client on a loop` {
  @Test func `submits and waits, over TCP`() throws {
    let scene = try Scene()
    let client = scene.client()
    #expect(try client.submitAndWait(Job("f", "n")) == .success)
    #expect(try client.pingAndWait() == .success)
    #expect(try client.statusAndWait() == .data([]))
    #expect(client.openRequests == 0)
  }

  @Test func `submits and waits, over a Unix socket`() throws {
    let loop = try Loop()
    let path = "/tmp/periodic-client-\(UInt64.random(in: 0 ... .max)).sock"
    let server = try FakeServer(loop, .unix(path: path))
    let client = Client(loop, to: server.address)
    #expect(try client.submitAndWait(Job("f", "n")) == .success)
    server.close()
  }

  @Test func `submits more jobs together than may be under way`() throws {
    let scene = try Scene()
    scene.options.requests = 100
    let jobs = (0..<2_000).map { Job("f", "\($0)") }
    let outcomes = try scene.client().submitAndWait(contentsOf: jobs)
    #expect(outcomes == Array(repeating: .success, count: 2_000))
  }

  @Test func `tells of a bad job among many after the others have ended`() throws {
    let scene = try Scene()
    let client = scene.client()
    let jobs = [Job("f", "a"), Job("f", ""), Job("f", "c")]
    #expect(throws: RequestError.invalidName(length: 0)) {
      try client.submitAndWait(contentsOf: jobs)
    }
    #expect(client.openRequests == 0)
  }

  @Test func `sends a workload that no socket takes at once`() throws {
    let scene = try Scene()
    var received = 0
    scene.server.onCommand = {
      if case .submit(let job) = $0 { received = job.workload.count }
    }
    let job = Job("f", "n", workload: [UInt8](repeating: 7, count: 8 << 20))
    #expect(try scene.client().submitAndWait(job) == .success)
    #expect(received == 8 << 20)
  }

  @Test func `hands completions over in batches to who pulls`() throws {
    let scene = try Scene()
    let client = scene.client()
    var calls = 0
    client.onCompletions = { calls += 1 }
    for tag in 0..<100 { try client.submit(Job("f", "n"), .pull(tag: UInt64(tag))) }
    #expect(scene.run { client.completionCount == 100 })
    #expect(calls >= 1 && calls < 100)
    for tag in 0..<100 { #expect(client.takeCompletion()?.tag.user == UInt64(tag)) }
    #expect(client.takeCompletion() == nil)
  }

  @Test func `refuses to wait inside a callback`() throws {
    let scene = try Scene()
    let client = scene.client()
    var caught: RequestError?
    try client.ping(
      .call { _ in
        do throws(RequestError) { _ = try client.pingAndWait() } catch { caught = error }
      })
    #expect(scene.run { caught != nil })
    #expect(caught == .deadlock)
  }

  @Test func `makes requests inside a callback`() throws {
    let scene = try Scene()
    let client = scene.client()
    var chain = 0
    func again(_ outcome: Outcome) {
      chain += 1
      if chain < 50 { _ = try? client.ping(.call { again($0) }) }
    }
    try client.ping(.call { again($0) })
    #expect(scene.run { chain == 50 })
  }

  @Test func `works in a host's own loop`() throws {
    let scene = try Scene()
    let client = scene.client()
    var outcome: Outcome?
    try client.submit(Job("f", "n"), .call { outcome = $0 })
    #expect(scene.loop.timeoutMilliseconds == 0)
    for _ in 0..<50 where outcome == nil { scene.loop.step() }
    #expect(outcome == .success)
  }
}

@Suite struct `A client that loses its server` {
  @Test func `says at once that nobody listens when it may not wait`() throws {
    let scene = try Scene()
    scene.server.close()
    scene.options.reconnects = false
    let client = scene.client()
    #expect(try client.submitAndWait(Job("f", "n")) == .disconnected)
    #expect(client.state == .closed)
    #expect(client.lastLossText?.contains("connection refused") == true)
    #expect(throws: RequestError.closed) { try client.pingAndWait() }
  }

  @Test func `waits for a server that comes later`() throws {
    let scene = try Scene()
    scene.server.close()
    let client = scene.client()
    var outcome: Outcome?
    try client.submit(Job("f", "n"), .call { outcome = $0 })
    #expect(scene.run { client.lastLoss != nil })
    try scene.server.listen()
    #expect(scene.run { outcome == .success })
  }

  @Test func `times out a request that a silent server does not answer`() throws {
    let scene = try Scene()
    scene.server.answers = false
    #expect(try scene.client().submitAndWait(Job("f", "n"), timeout: 20) == .timedOut)
  }

  @Test func `fails what was sent, comes back, and goes on`() throws {
    let scene = try Scene()
    let client = scene.client()
    var states: [ConnectionState] = []
    client.onStateChange = { states.append($0) }
    #expect(try client.pingAndWait() == .success)
    scene.server.answers = false
    scene.server.onCommand = { [unowned scene] _ in
      scene.loop.soon { [server = scene.server] in server.hangUp() }
    }
    #expect(try client.submitAndWait(Job("f", "n")) == .disconnected)
    #expect(client.lastLoss == .endOfStream)
    scene.server.answers = true
    scene.server.onCommand = nil
    #expect(try client.submitAndWait(Job("f", "n")) == .success)
    #expect(scene.server.connections == 2)
    #expect(states.filter { $0 == .ready }.count == 2)
  }

  @Test func `ends everything once when it is closed`() throws {
    let scene = try Scene()
    let client = scene.client()
    var outcomes: [Outcome] = []
    for _ in 0..<3 { try client.ping(.call { outcomes.append($0) }) }
    try client.ping(.pull(tag: 9))
    client.close()
    client.close()
    #expect(outcomes == [.cancelled, .cancelled, .cancelled])
    #expect(client.takeCompletion()?.outcome == .cancelled)
    scene.loop.step()
    #expect(outcomes.count == 3)
  }

  @Test func `may be closed or let go inside its own callback`() throws {
    let scene = try Scene()
    var client: Client? = scene.client()
    var outcomes: [Outcome] = []
    for _ in 0..<3 {
      try client?.ping(
        .call {
          outcomes.append($0)
          if outcomes.count == 1 { client = nil }
        })
    }
    #expect(scene.run { outcomes.count == 3 })
    #expect(client == nil)
    scene.loop.step()
    #expect(outcomes.count == 3)
  }
}
