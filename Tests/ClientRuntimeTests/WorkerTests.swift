import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import Testing

@Suite struct `A worker on a loop` {
  @Test func `waits for a job, and reports it`() throws {
    let scene = try Scene()
    scene.server.jobs = ["first", "second"]
    var done: [String] = []
    scene.server.onCommand = {
      if case .done(.key(let key), let data) = $0 { done.append(key.name.text + "=" + data.text) }
    }
    let worker = try scene.worker()
    while let job = try worker.next(timeout: 100) {
      #expect(job.workload.text == job.key.name.text)
      var outcome: Outcome?
      try worker.done(job.token, data: job.workload, .call { outcome = $0 })
      #expect(scene.run { outcome == .success })
    }
    #expect(done == ["first=first", "second=second"])
  }

  @Test func `takes several jobs at once, up to its slots`() throws {
    let scene = try Scene()
    scene.server.jobs = ["a", "b", "c", "d"]
    let worker = try scene.worker(slots: 3)
    #expect(scene.run { worker.receivedCount == 3 })
    #expect(worker.next(atMost: 9).map { $0.key.name.text } == ["a", "b", "c"])
    #expect(worker.heldCount == 3)
    #expect(scene.server.jobs.count == 1)
  }

  @Test func `hears that a job is there, and may report inside that callback`() throws {
    let scene = try Scene()
    scene.server.jobs = ["a", "b", "c"]
    let worker = try scene.worker()
    var names: [String] = []
    worker.onJobs = { [unowned worker] in
      while let job = worker.next() {
        names.append(job.key.name.text)
        _ = try? worker.done(job.token)
      }
    }
    #expect(scene.run { names == ["a", "b", "c"] })
  }

  @Test func `refuses to wait inside a callback`() throws {
    let scene = try Scene()
    let worker = try scene.worker()
    var caught: RequestError?
    scene.loop.soon {
      do throws(RequestError) { _ = try worker.next(timeout: 1) } catch { caught = error }
    }
    #expect(scene.run { caught == .deadlock })
  }

  @Test func `holds the bytes of a lost job until it is reported as stale`() throws {
    let scene = try Scene()
    scene.server.jobs = ["a", "b"]
    let worker = try scene.worker()
    let job = try #require(try worker.next(timeout: 5_000))
    scene.server.hangUp()
    #expect(scene.run { !worker.isHeld(job.token) })
    #expect(job.workload.text == "a")
    try worker.done(job.token, .pull(tag: 1))
    #expect(worker.takeCompletion()?.outcome == .stale)
    let next = try #require(try worker.next(timeout: 5_000))
    #expect(next.key.name.text == "b")
  }

  @Test func `drains, and then hands over nothing more`() throws {
    let scene = try Scene()
    scene.server.jobs = ["a"]
    let worker = try scene.worker(slots: 2)
    let job = try #require(try worker.next(timeout: 5_000))
    var outcome: Outcome?
    try worker.drain(.call { outcome = $0 })
    #expect(try worker.next(timeout: nil) == nil)
    #expect(outcome == nil)
    try worker.done(job.token)
    #expect(scene.run { outcome == .success })
  }

  @Test func `waits no more for a job that it has let go of`() throws {
    let scene = try Scene()
    scene.server.jobs = ["a"]
    let worker = try scene.worker()
    let job = try #require(try worker.next(timeout: 5_000))
    var outcome: Outcome?
    try worker.drain(.call { outcome = $0 })
    worker.letGo(of: job.token)
    #expect(scene.run { outcome == .success })
    #expect(throws: RequestError.notHeld) { try worker.done(job.token) }
  }

  /// PROTOCOL 1.4: who may do what can change while a server runs.
  @Test func `shows what the server refuses, and begins when it does so no longer`() throws {
    let scene = try Scene()
    // As often as it asks, until the end of refusing.
    scene.server.refusals = .max
    scene.server.jobs = ["a"]
    let worker = Worker(scene.loop, to: scene.server.address, options: scene.options)
    var outcome: Outcome?
    try worker.broadcast("f", .call { outcome = $0 })
    #expect(scene.run { outcome != nil })
    #expect(outcome == .noWorker && worker.refusedFunctions == [Array("f".utf8)])
    scene.server.refusals = 0
    #expect(try worker.next(timeout: 5_000)?.key.name.text == "a")
    #expect(worker.refusedFunctions.isEmpty && scene.server.connections == 1)
  }

  @Test func `lives on asking for jobs without waiting`() throws {
    let scene = try Scene()
    scene.server.jobs = ["a"]
    let worker = try scene.worker()
    var job: ReceivedJob?
    for _ in 0..<10_000 where job == nil { job = try worker.next(timeout: 0) }
    #expect(job?.key.name.text == "a")
  }

  @Test func `stops waiting for a job when it is closed`() throws {
    let scene = try Scene()
    let worker = try scene.worker()
    scene.loop.soon { worker.close() }
    #expect(try worker.next(timeout: nil) == nil)
    #expect(worker.state == .closed)
  }
}
