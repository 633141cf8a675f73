import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import Testing

/// A server, and whoever talks to it, on one loop whose clock the test sets.
final class Village {
  let loop: Loop
  private(set) var server: Server
  private(set) var address: Address
  private let store: StoreChoice
  private let change: (inout ServerOptions) -> Void
  private let clock = Clock()

  private final class Clock {
    var now = Now(monotonic: 1_000, wall: 1_700_000_000_000)
  }

  init(
    store: StoreChoice = .memory, virtualTime: Bool = false,
    address: Address = .tcp(host: "127.0.0.1", port: 0),
    change: @escaping (inout ServerOptions) -> Void = { _ in }
  ) throws {
    loop = try Loop()
    self.store = store
    self.change = change
    self.address = address
    server = Server(loop)
    if virtualTime { loop.setClock { [clock] in clock.now } }
    try start()
  }

  func start() throws {
    var options = ServerOptions()
    options.store = store
    change(&options)
    server = Server(loop, options: options)
    try server.start()
    address = try server.listen(on: address)
  }

  deinit { server.close() }

  var options: ConnectionOptions {
    var options = ConnectionOptions()
    options.reconnectDelay = 5
    options.maximumReconnectDelay = 20
    return options
  }

  func client() -> Client { Client(loop, to: address, options: options) }

  func worker(slots: Int = 1) throws -> Worker {
    let worker = Worker(loop, to: address, slots: slots, options: options)
    try worker.canDo("f")
    return worker
  }

  /// A worker for `f` that the server knows already.
  func knownWorker(slots: Int = 1) throws -> Worker {
    let worker = Worker(loop, to: address, slots: slots, options: options)
    try #require(try worker.canDoAndWait("f") == .success)
    return worker
  }

  /// Steps until it is so.
  func wait(until isSo: () -> Bool) throws {
    for _ in 0..<5_000 where !isSo() { loop.step() }
    try #require(isSo())
  }

  /// Lets everything arrive that was sent, then lets time pass.
  func pass(seconds: Int64) {
    for _ in 0..<20 { loop.step() }
    clock.now.monotonic += seconds * 1000
    clock.now.wall += seconds * 1000
    for _ in 0..<20 { loop.step() }
  }

  /// Steps until a job has come, without time passing.
  func take(_ worker: Worker) throws -> ReceivedJob {
    var job: ReceivedJob?
    for _ in 0..<2_000 where job == nil {
      loop.step()
      job = worker.next()
    }
    return try #require(job)
  }
}
