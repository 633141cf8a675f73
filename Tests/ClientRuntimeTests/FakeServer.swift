import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import PeriodicWire

/// A server on the same loop that answers every request with success, and does what a test wants of
/// it. It can go away and come back under the same address.
final class FakeServer: StreamOwner {
  let loop: Loop
  private(set) var address: Address
  private var listener: Listener?
  private var peers: [Peer] = []
  /// Whether requests are answered.
  var answers = true
  /// Called with each command before it is answered.
  var onCommand: ((Command) -> Void)?
  /// Announcements to be refused before one is taken.
  var refusals = 0
  /// Names of jobs to hand out, one for each grab.
  var jobs: [StaticString] = []
  private(set) var connections = 0

  private final class Peer {
    let stream: Stream
    var input = ByteBuffer()
    var output = ByteBuffer()
    var decoder = Generation2Decoder(limit: 1 << 26)
    var isRegistered = false
    init(_ stream: Stream) { self.stream = stream }
  }

  init(_ loop: Loop, _ address: Address) throws {
    self.loop = loop
    self.address = address
    try listen()
    self.address = listener?.address ?? address
  }

  func listen() throws {
    listener = try Listener(loop, address) { [unowned self] stream in
      connections += 1
      stream.owner = self
      peers.append(Peer(stream))
      stream.startReading()
    }
  }

  /// Closes every connection, and goes on listening.
  func hangUp() {
    for peer in peers { peer.stream.close() }
    peers = []
  }

  func close() {
    listener?.close()
    listener = nil
    hangUp()
  }

  func stream(_ stream: Stream, received bytes: Bytes) {
    guard let peer = peers.first(where: { $0.stream === stream }) else { return }
    peer.input.append(bytes)
    if !peer.isRegistered {
      guard peer.input.count >= 13 else { return }
      peer.input.consume(13)
      peer.isRegistered = true
      Generation2.encodeConnectionID(1, into: &peer.output)
    }
    while case .request(let id, let command, let used) = peer.decoder.next(peer.input.bytes) {
      answer(peer, id, command)
      if stream.isClosed { return }
      peer.input.consume(used)
    }
    streamCanWrite(stream)
  }

  private func answer(_ peer: Peer, _ id: MessageID, _ command: Command) {
    onCommand?(command)
    guard answers else { return }
    switch command {
    case .assigned, .unassigned: return
    case .status: Generation2.encode(.data(.none), id, into: &peer.output)
    case .canDo where refusals > 0, .broadcast where refusals > 0:
      refusals -= 1
      return Generation2.encode(.noWorker, id, into: &peer.output)
    default: Generation2.encode(.success, id, into: &peer.output)
    }
    if case .grab = command, !jobs.isEmpty, refusals == 0 {
      let name = jobs.removeFirst()
      let key = JobKey(
        function: Bytes(start: name.utf8Start, count: 1),
        name: Bytes(start: name.utf8Start, count: name.utf8CodeUnitCount))
      let job = JobFields(key: key, workload: key.name, timeout: 600)
      let run = Assignment(id: JobID(1), job: job, previousRunAt: 0, fence: 1)
      Generation2.encode(.assign(run), id, into: &peer.output)
    }
  }

  func streamCanWrite(_ stream: Stream) {
    guard let peer = peers.first(where: { $0.stream === stream }) else { return }
    if !peer.output.isEmpty { peer.output.consume(stream.write(peer.output.bytes)) }
  }

  func streamEnded(_ stream: Stream) {
    stream.close()
    peers.removeAll { $0.stream === stream }
  }

  func stream(_ stream: Stream, failed error: LoopError) {
    peers.removeAll { $0.stream === stream }
  }
}

/// A loop with a fake server on it, and clients that come back quickly.
final class Scene {
  let loop: Loop
  let server: FakeServer
  var options = ConnectionOptions()

  init() throws {
    loop = try Loop()
    server = try FakeServer(loop, .tcp(host: "127.0.0.1", port: 0))
    options.reconnectDelay = 1
  }

  deinit {
    server.onCommand = nil
    server.close()
  }

  func client() -> Client { Client(loop, to: server.address, options: options) }

  func worker(slots: Int = 1) throws -> Worker {
    let worker = Worker(loop, to: server.address, slots: slots, options: options)
    try worker.canDo("f")
    return worker
  }

  /// Runs the loop until `condition` holds, for at most ten seconds.
  func run(until condition: () -> Bool) -> Bool {
    let deadline = loop.now.monotonic + 10_000
    while !condition() {
      if loop.now.monotonic > deadline { return false }
      let timer = LoopTimer(loop) { [loop] in loop.stop() }
      timer.arm(at: loop.now.monotonic + 5)
      loop.run()
    }
    return true
  }
}
