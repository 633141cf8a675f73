import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import PeriodicStore
import Testing

@Suite(.serialized) struct `A server with a durable store` {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func bench(_ change: (inout ServerOptions) -> Void = { _ in }) throws -> ServerBench {
    try ServerBench {
      $0.store = .sqlite(path: "\(directory.path)/jobs")
      change(&$0)
    }
  }

  private func names(_ worker: Worker, _ count: Int) throws -> [String] {
    var found: [String] = []
    while found.count < count, let job = try worker.next(timeout: 5000) {
      found.append(job.key.name.text)
      try worker.done(job.token)
    }
    return found
  }

  @Test func `has every acknowledged job after a restart`() throws {
    let count = 3000
    do {
      let bench = try bench()
      let client = Client(bench.loop, to: try bench.start())
      var outcomes: [Outcome] = []
      for number in 0..<count {
        try client.submit(
          Job("f", "job \(number)", workload: Array("w".utf8)), .call { outcomes.append($0) })
      }
      bench.run { outcomes.count == count }
      #expect(outcomes.allSatisfy { $0 == .success })
      client.close()
    }
    let bench = try bench()
    let worker = Worker(bench.loop, to: try bench.start())
    try worker.canDo("f")
    #expect(try names(worker, count) == (0..<count).map { "job \($0)" })
    worker.close()
  }

  @Test func `answers HTTP while it starts, and others afterwards`() throws {
    let gate = Gate()
    let bench = try bench { $0.store = .driver { SlowStore(gate) } }
    let address = try bench.start()
    let early = bench.peer(address)
    early.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    let probe = bench.peer(address)
    probe.send("GET /periodic/ready HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
    let patient = bench.peer(address)
    patient.sendFrame("\u{1}")
    patient.sendFrame("1\0\u{1}\u{9}")
    bench.run { early.isOver && probe.isOver }
    #expect(early.text.hasPrefix("HTTP/1.1 503"))
    #expect(probe.text.hasPrefix("HTTP/1.1 503"))
    #expect(probe.text.hasSuffix(#"{"err": "starting"}"#))
    #expect(patient.received.isEmpty)
    #expect(!bench.server.isServing)
    gate.open()
    bench.run { patient.frames == ["1\0\u{1}\u{a}"] }
  }

  @Test func `does not start on a store that another server has`() throws {
    let first = try bench()
    _ = try first.start()
    let second = try bench()
    let error = #expect(throws: ServerError.self) { try second.server.start() }
    guard case .store(let cause) = error else {
      Issue.record("the store is what refuses")
      return
    }
    #expect(cause.code == .busy)
  }

  @Test func `does not start on a path that cannot be opened`() throws {
    let bench = try ServerBench { $0.store = .sqlite(path: "/nonexistent/jobs") }
    let error = #expect(throws: ServerError.self) { try bench.server.start() }
    #expect(error?.description.contains("/nonexistent") == true)
  }

  @Test func `ends when its store cannot be read`() throws {
    let bench = try bench { $0.store = .driver { UnreadableStore() } }
    var end: ServerEnd?
    bench.server.onStopped = { end = $0 }
    _ = try bench.start()
    bench.run { end != nil }
    #expect(end == .storeFailed(StoreError(.corrupt, "unreadable")))
    #expect(bench.log.has(.error, "the store cannot be read: unreadable"))
  }

  @Test func `refuses what its store cannot write, and goes on when it can`() throws {
    let gate = Gate()
    gate.open()
    let bench = try bench { $0.store = .driver { SlowStore(gate) } }
    let client = Client(bench.loop, to: try bench.start())
    #expect(try client.submitAndWait(Job("f", "a")) == .success)
    gate.failure = .full
    #expect(try client.submitAndWait(Job("f", "b")) == .refused)
    #expect(
      bench.log.has(.error, "the store is full: jobs are refused, ended and removed ones go: full"))
    gate.failure = nil
    bench.run { bench.log.has(.warning, "the store can write again") }
    #expect(try client.submitAndWait(Job("f", "b")) == .success)
    client.close()
  }

  @Test func `is read-only while its store cannot write, says so once, and recovers by itself`()
    throws
  {
    let gate = Gate()
    gate.open()
    let bench = try bench { $0.store = .driver { SlowStore(gate) } }
    let address = try bench.start()
    let client = Client(bench.loop, to: address)
    #expect(try client.submitAndWait(Job("f", "a")) == .success)
    gate.failure = .failed
    #expect(try client.submitAndWait(Job("f", "b")) == .refused)
    bench.run { bench.log.has(.error, "the store is read-only") }
    #expect(bench.log.lines.filter { $0.level == .error }.count == 2)
    let probe = bench.peer(address)
    probe.send("GET /periodic/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    bench.run { probe.isOver }
    #expect(probe.text.hasPrefix("HTTP/1.1 503"))
    #expect(probe.text.hasSuffix(#", "store": "read-only"}"#))
    var removed: Outcome?
    let key = JobKey(function: ("f" as StaticString).bytes, name: ("a" as StaticString).bytes)
    try client.remove(key, .call { removed = $0 })
    #expect(try client.submitAndWait(Job("f", "c")) == .refused && removed == nil)
    gate.failure = nil
    bench.run { removed != nil }
    #expect(removed == .success && bench.log.has(.warning, "the store can write again"))
    #expect(try client.submitAndWait(Job("f", "c")) == .success)
    client.close()
  }

  @Test func `says when it stops what its store never took`() throws {
    let gate = Gate()
    gate.open()
    let bench = try bench { $0.store = .driver { SlowStore(gate) } }
    let client = Client(bench.loop, to: try bench.start())
    #expect(try client.submitAndWait(Job("f", "a")) == .success)
    gate.failure = .denied
    let key = JobKey(function: ("f" as StaticString).bytes, name: ("a" as StaticString).bytes)
    try client.remove(key, .none)
    bench.run { bench.log.has(.error, "the store is read-only") }
    var end: ServerEnd?
    bench.server.onStopped = { end = $0 }
    bench.server.stop(timeout: 50)
    bench.run { end != nil }
    #expect(end == .timedOut && bench.log.has(.error, "1 changes were not written"))
    client.close()
  }

  @Test func `says how far it is when loading takes long, and warns of a clock that is behind`()
    throws
  {
    let bench = try bench { $0.store = .driver { LateStore() } }
    _ = try bench.start()
    bench.run { bench.server.isServing }
    #expect(bench.log.has(.info, "loading: 1024 jobs after 1 s"))
    #expect(bench.log.has(.warning, "the store was last written at 2100-01-01 00:00:00 UTC"))
    #expect(bench.log.has(.info, "ready: 1024 jobs"))
  }

  @Test func `makes durable what it acknowledged before it stops`() throws {
    let first = try bench()
    let client = Client(first.loop, to: try first.start())
    var outcome: Outcome?
    try client.submit(Job("f", "last"), .call { outcome = $0 })
    first.run { client.state == .ready }
    first.loop.step()
    var end: ServerEnd?
    first.server.onStopped = { end = $0 }
    first.server.stop()
    first.run { end != nil && outcome != nil }
    #expect(end == .graceful && outcome == .success)
    client.close()
    let second = try bench()
    let worker = Worker(second.loop, to: try second.start())
    try worker.canDo("f")
    #expect(try names(worker, 1) == ["last"])
    worker.close()
  }

  @Test func `closes its store when it is let go while loading`() throws {
    let gate = Gate()
    do {
      let bench = try bench { $0.store = .driver { SlowStore(gate) } }
      _ = try bench.start()
      bench.loop.step()
      gate.open()
    }
    #expect(gate.closes == 1)
  }
}

/// Lets a test hold up and fail a store from outside its thread.
final class Gate: @unchecked Sendable {
  private let mutex = ThreadMutex()
  private let changed = ThreadCondition()
  private var isOpen = false
  private var code: StoreError.Code?
  private var closed = 0

  /// How writing fails; nil when it does not.
  var failure: StoreError.Code? {
    get { mutex.withLock { code } }
    set { mutex.withLock { code = newValue } }
  }

  var closes: Int { mutex.withLock { closed } }
  func countClose() { mutex.withLock { closed += 1 } }

  func open() {
    mutex.withLock {
      isOpen = true
      changed.broadcast()
    }
  }

  func pass() { mutex.withLock { while !isOpen { changed.wait(mutex) } } }
}

/// A store whose loading waits, and whose writing fails, as a test wants.
private final class SlowStore: StoreDriver {
  private let gate: Gate
  init(_ gate: Gate) { self.gate = gate }

  func open() throws(StoreError) {}
  func load(_ visit: (StoredItem) -> Void) throws(StoreError) { gate.pass() }
  func apply(_ batch: StoreBatch) throws(StoreError) {
    try probe()
  }
  func probe() throws(StoreError) {
    if let code = gate.failure { throw StoreError(code, "\(code)") }
  }
  func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {}
  func close() { gate.countClose() }
}

/// A store from the future, which takes a second for half of its jobs.
private final class LateStore: StoreDriver {
  func open() throws(StoreError) {}
  var lastWritten: Int64? { 4_102_444_800_000 }
  func load(_ visit: (StoredItem) -> Void) throws(StoreError) {
    let function = Array("f".utf8)
    for number in 0..<1024 as Range<UInt64> {
      if number == 513 { usleep(1_050_000) }
      let name = Array("\(number)".utf8)
      function.withUnsafeBytes { function in
        name.withUnsafeBytes { name in
          visit(
            .job(
              StoredEntry(
                id: JobID(number), key: JobKey(function: function, name: name), due: 0,
                workloadLength: 0)))
        }
      }
    }
  }
  func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {}
  func apply(_ batch: StoreBatch) throws(StoreError) {}
  func close() {}
}

private final class UnreadableStore: StoreDriver {
  func open() throws(StoreError) {}
  func load(_ visit: (StoredItem) -> Void) throws(StoreError) {
    throw StoreError(.corrupt, "unreadable")
  }
  func apply(_ batch: StoreBatch) throws(StoreError) {}
  func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {}
  func close() {}
}
