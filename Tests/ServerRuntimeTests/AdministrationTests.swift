import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import PeriodicStore
import Testing

@Suite(.serialized) struct `A server inside a program` {
  /// PROTOCOL 2.11.
  @Test func `is ended by a client's SHUTDOWN as by its own stop`() throws {
    let bench = try ServerBench()
    let address = try bench.start()
    var ends: [ServerEnd] = []
    bench.server.onStopped = { ends.append($0) }
    let client = Client(bench.loop, to: address)
    defer { client.close() }
    _ = try client.shutdownAndWait(timeout: 10_000)
    bench.run { !ends.isEmpty }
    #expect(ends == [.graceful])
    #expect(bench.log.has(.info, "stopping, as a client asked"))
    bench.server.stop()
    bench.server.close()
    #expect(ends.count == 1)
  }

  /// PROTOCOL 1.4.
  @Test func `does not start with an identity file that it cannot use`() throws {
    let bench = try ServerBench { $0.identityFile = "/nonexistent/identities" }
    let error = #expect(throws: ServerError.self) { try bench.start() }
    let text = "the identity file /nonexistent/identities: No such file or directory"
    #expect(error == .options(text))
  }

  @Test(arguments: ["/", "/dev/null", "/proc/self/mem"])
  func `takes no directory and no device for an identity file`(_ path: String) throws {
    let bench = try ServerBench { $0.identityFile = path }
    #expect(throws: ServerError.self) { try bench.start() }
  }

  /// PROTOCOL 2.12.
  @Test func `keeps metrics in its store, or does not start`() throws {
    let memory = try ServerBench { $0.hook = EventHook(.persist) }
    let error = #expect(throws: ServerError.self) { try memory.start() }
    #expect(error?.description.contains("there is none") == true)

    let store = Counter()
    let bench = try ServerBench {
      $0.hook = EventHook(.persist)
      $0.store = .driver { store }
    }
    let client = Client(bench.loop, to: try bench.start())
    defer { client.close() }
    #expect(try client.submitAndWait(Job("f", "n")) == .success)
    bench.server.close()
    #expect(store.metrics == ["pushJob f"])
  }

  @Test func `tells a socket what happens, and stops while nobody takes it`() throws {
    let listener = try ServerBench()
    let silent = try listener.start()
    guard case .tcp(let host, let port) = silent else { return }
    let bench = try ServerBench {
      var hook = EventHook(.tcp(host: host, port: port))
      hook.queueLimit = 1
      $0.hook = hook
    }
    let client = Client(bench.loop, to: try bench.start())
    defer { client.close() }
    // The other side's loop does not run: the system takes the connection and its first bytes.
    for number in 0..<50 {
      #expect(try client.submitAndWait(Job("f", "n\(number)")) == .success)
    }
    bench.run { bench.log.has(.info, "hook: connected to tcp://127.0.0.1") }
    var isStopped = false
    bench.server.onStopped = { _ in isStopped = true }
    bench.server.stop()
    bench.run { isStopped }
  }

  @Test func `goes on without the place that its hook names`() throws {
    let bench = try ServerBench { $0.hook = EventHook("udp://no-such-host.invalid:1") }
    let client = Client(bench.loop, to: try bench.start())
    defer { client.close() }
    bench.run { bench.log.has(.warning, "look up the host no-such-host.invalid") }
    #expect(try client.submitAndWait(Job("f", "n")) == .success)
  }

  @Test(arguments: ["", "persistent", "udp://", "udp://h", "tcp://h:0", "tls://h:1", "udp:h:1"])
  func `has no hook of that name`(_ text: String) {
    #expect(EventHook(text) == nil)
  }
}

/// A store that keeps nothing but the names of metrics.
private final class Counter: StoreDriver, @unchecked Sendable {
  private(set) var metrics: [String] = []

  func open() throws(StoreError) {}
  func load(_ visit: (StoredItem) -> Void) throws(StoreError) {}
  func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {}
  func close() {}

  func apply(_ batch: StoreBatch) throws(StoreError) {
    batch.forEach {
      if case .addMetric(let event, _) = $0 {
        metrics.append("\(event.kind) \(event.name.text)")
      }
    }
  }
}
