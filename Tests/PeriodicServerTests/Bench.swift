import PeriodicCore
import PeriodicServer
import PeriodicStore
import PeriodicWire
import Testing

/// A server core, with a shell that does what it says and a store that answers when told to.
final class Bench {
  let core: ServerCore
  var now = Now(monotonic: 5_000, wall: 1_700_000_000_000)
  /// Batches that the store has not answered for.
  private(set) var flying: [StoreBatch] = []
  /// Reads that the store has not answered.
  private(set) var reads: [StoreRead] = []
  private let store = MemoryStore()
  /// Every operation of every batch that the store was given, in words.
  private(set) var operations: [String] = []
  /// Probes asked for that have not been answered.
  private(set) var probes = 0
  private(set) var wakeAt: Int64 = .max
  private(set) var isStopping = false
  private(set) var hasStopped = false

  init(
    isDurable: Bool = true, identities: Identities? = nil, metrics: Int? = nil,
    limits: (inout Limits) -> Void = { _ in }
  ) {
    var configuration = ServerConfiguration(isDurable: isDurable, identities: identities)
    configuration.metrics = metrics
    limits(&configuration.limits)
    core = ServerCore(configuration)
    #expect(throws: Never.self) { try store.open() }
    core.storeReady(at: now)
    settle()
  }

  func pass(_ milliseconds: Int64) {
    now.monotonic += milliseconds
    now.wall += milliseconds
    core.tick(at: now)
    turn()
  }

  /// One turn of the loop, and more while there is more to do.
  func turn() {
    repeat { core.endOfTurn(at: now) { carryOut($0) } } while core.hasMoreWork
  }

  /// The store answers for its batches.
  func land(failing: Bool = false) {
    answer(failing ? StoreError(.failed, "I/O error") : nil)
    if failing { now.monotonic += 1000 }
    turn()
  }

  private func answer(_ failure: StoreError?) {
    let batches = flying
    if batches.isEmpty { return }
    flying = []
    if let failure { return core.storeFailed(failure, at: now) }
    for batch in batches { #expect(throws: Never.self) { try store.apply(batch) } }
    core.stored(batches.count, at: now)
  }

  /// The store answers for its oldest read.
  func answerRead(failing: Bool = false) {
    guard !reads.isEmpty else { return }
    let read = reads.removeFirst()
    let rows = StoreBatch()
    if failing {
      core.wasRead(read, rows: rows, failure: StoreError(.failed, "unreadable"), at: now)
    } else {
      #expect(throws: Never.self) { try store.read(read.ids) { rows.append(.put($0)) } }
      core.wasRead(read, rows: rows, failure: nil, at: now)
    }
    turn()
  }

  /// The store answers as a script has it, and the turn that follows is over; time stands still.
  func land(_ failure: StoreError?) {
    answer(failure)
    turn()
  }

  /// The store says whether it can write.
  func answerProbe(_ failure: StoreError?) {
    probes -= 1
    core.probed(failure, at: now)
    turn()
  }

  /// The store answers until it has nothing left.
  func settle() {
    turn()
    while !flying.isEmpty || !reads.isEmpty {
      land()
      answerRead()
    }
  }

  private func carryOut(_ action: ServerAction) {
    switch action {
    case .write(let session): (session.connection as? Peer)?.take(session)
    case .close(let session): (session.connection as? Peer)?.isClosed = true
    case .read(let read): reads.append(read)
    case .apply(let batch):
      flying.append(batch)
      batch.forEach { operations.append(words($0)) }
    case .stopping: isStopping = true
    case .stopped: hasStopped = true
    case .probe: probes += 1
    case .wake(let time): wakeAt = time
    case .pause, .resume, .ready, .beginBackup, .cancelBackup: break
    }
  }

  private func words(_ operation: StoreOperation) -> String {
    switch operation {
    case .put(let job): "put \(job.job.key.name.text)"
    case .delete: "delete"
    case .addMetric(let event, _): "metric \(event.kind) \(event.name.text)"
    default: "other"
    }
  }
}

/// A peer of generation 1 or 2, which reads all that comes unless told not to.
final class Peer {
  private let bench: Bench
  private let generation: Generation
  private var session: Session?
  private var received = ByteBuffer()
  private var decoder = Generation2ReplyDecoder(limit: 64 << 20)
  var isClosed = false
  var reads = true
  /// What the last data reply held, or the workload of the last job.
  private(set) var data: [UInt8] = []

  init(
    _ bench: Bench, _ role: Role = .client, _ generation: Generation = .two,
    identity: (StaticString, StaticString)? = nil
  ) {
    self.bench = bench
    self.generation = generation
    session = bench.core.open(at: bench.now)
    session?.connection = self
    var bytes = ByteBuffer()
    if generation == .one {
      Generation1.encodeRegistration(role, into: &bytes)
    } else {
      let identity = identity.map { Identity(name: $0.0.bytes, token: $0.1.bytes) }
      Generation2.encodeRegistration(role, identity: identity, into: &bytes)
    }
    send(bytes.bytes)
    if generation == .two { _ = replies() }
  }

  /// Sends a request under a number, and lets a turn pass.
  func send(_ command: Command, _ message: UInt32 = 1) {
    var bytes = ByteBuffer()
    if generation == .one {
      withUnsafeBytes(of: UInt8(ascii: "0") + UInt8(message)) {
        Generation1.encode(command, message: $0, into: &bytes)
      }
    } else {
      Generation2.encode(command, message: message, into: &bytes)
    }
    send(bytes.bytes)
  }

  /// Sends bytes as they are.
  func send(_ bytes: Bytes) {
    if let session { bench.core.receive(bytes, on: session, at: bench.now) }
    bench.turn()
  }

  /// Bytes that wait in the core.
  var waiting: Int { session?.output.count ?? 0 }

  func take(_ session: Session) {
    guard reads else { return }
    while !session.output.isEmpty {
      received.append(session.output)
      session.wrote(session.output.count)
    }
  }

  /// The connection breaks.
  func lose() {
    if let session { bench.core.closed(session, at: bench.now) }
    bench.turn()
  }

  /// Reads what waits, and lets the core know.
  func readOn() {
    reads = true
    guard let session else { return }
    take(session)
    bench.core.drained(session, at: bench.now) { _ in }
    bench.turn()
  }

  /// What has come since the last look, in words: the message's number and the reply.
  func replies() -> [String] {
    var found: [String] = []
    while true {
      if generation == .one {
        guard let text = frame1() else { return found }
        found.append(text)
        continue
      }
      guard case .message(let message, let used) = decoder.next(received.bytes) else {
        return found
      }
      if case .data(_, let bytes) = message { data = Array(bytes) }
      if case .assign(_, let job) = message { data = Array(job.workload) }
      found.append(words(message))
      received.consume(used)
    }
  }

  /// Id, a blank, and the rest with its control characters in brackets.
  private func frame1() -> String? {
    var reader = ByteReader(received.bytes)
    guard reader.uint32() != nil, let length = reader.uint32(), let id = reader.uint8(),
      reader.uint16() == 1, let rest = reader.bytes(Int(length) - 3)
    else { return nil }
    let text = rest.map { $0 < 32 ? "[\($0)]" : String(UnicodeScalar($0)) }.joined()
    let line = "\(UnicodeScalar(id)) \(text)"
    received.consume(8 + Int(length))
    return line
  }

  private func words(_ message: ServerMessage) -> String {
    switch message {
    case .connectionID: "greeting"
    case .success(let id): "\(id.number) success"
    case .pong(let id): "\(id.number) pong"
    case .unknown(let id): "\(id.number) unknown"
    case .noWorker(let id): "\(id.number) no worker"
    case .data(let id, let data): "\(id.number) data of \(data.count)"
    case .acquired(let id, let isHeld): "\(id.number) acquired \(isHeld)"
    case .assign(let id, let job): "\(id.number) assign \(job.key.name.text)"
    default: "something else"
    }
  }
}

func key(_ function: StaticString, _ name: StaticString = "n") -> JobKey {
  JobKey(function: function.bytes, name: name.bytes)
}

func job(_ function: StaticString, _ name: StaticString = "n") -> JobFields {
  JobFields(key: key(function, name))
}

/// A list of `count` jobs of the function `f`, each with a workload of `size` bytes, as LOAD has it
/// in generation 2.
func jobList(_ count: Int, size: Int = 0, empty: Set<Int> = []) -> [UInt8] {
  var list = ByteBuffer()
  list.append(uint64: UInt64(count))
  for number in 0..<count {
    list.append(bytes8: ("f" as StaticString).bytes)
    list.append(uint8: empty.contains(number) ? 0 : 4)
    if !empty.contains(number) { list.append(uint32: UInt32(number)) }
    list.append(uint32: UInt32(size))
    for _ in 0..<size { list.append(uint8: 0x78) }
    list.append(uint64: 0)
    list.append(uint8: 0)
  }
  return Array(list.bytes)
}
