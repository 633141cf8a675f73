import PeriodicClient
import PeriodicCore
import PeriodicWire
import Testing

/// A server that answers in any order, late, twice, or not at all, over bytes cut anywhere.
private final class ShadyServer {
  private var decoder = Generation2Decoder(limit: 1 << 26)
  private var received = ByteBuffer()
  private var isRegistered = false
  /// Frames that are ready to go out.
  var replies: [[UInt8]] = []

  func take(_ bytes: [UInt8], _ dice: inout Dice) {
    bytes.withUnsafeBytes { received.append($0) }
    if !isRegistered {
      guard received.count >= 13 else { return }
      received.consume(13)
      isRegistered = true
      replies.append(frame { Generation2.encodeConnectionID(1, into: &$0) })
    }
    while case .request(let message, let command, let consumed) = decoder.next(received.bytes) {
      answer(message, command, &dice)
      received.consume(consumed)
    }
  }

  private func answer(_ message: MessageID, _ command: Command, _ dice: inout Dice) {
    let key = JobKey.of("f", "n")
    let reply: Reply
    switch command {
    case .receiveData where dice.roll(3) > 0:
      for _ in 0..<dice.roll(3) { push(.data(.of("part")), message, &dice) }
      reply = .data(.of("EOF"))
    case .run, .dump, .status: reply = .data(.of("result"))
    case .getSetting: reply = .setting(600)
    case .acquire where dice.roll(4) > 0: reply = .acquired(dice.roll(2) == 0)
    case .shutdown: return
    case .assigned, .unassigned: return
    case .ping: reply = .pong
    case .grab where dice.roll(3) > 0:
      let job = JobFields(key: key, workload: .of("work"), timeout: 1)
      reply = .assign(Assignment(id: JobID(1), job: job, previousRunAt: 0, fence: 1))
    default:
      reply = dice.roll(5) == 0 ? .refused(.stopping) : dice.roll(5) == 0 ? .noWorker : .success
    }
    if dice.roll(20) > 0 { push(reply, message, &dice) }
  }

  private func push(_ reply: Reply, _ message: MessageID, _ dice: inout Dice) {
    let bytes = frame { Generation2.encode(reply, message, into: &$0) }
    // The greeting stays first: it is a server's first frame by rule.
    let place = replies.count > 1 ? 1 + dice.roll(replies.count) : replies.count
    replies.insert(bytes, at: min(place, replies.count))
    if dice.roll(20) == 0 { replies.append(bytes) }
  }
}

/// Drives one core against the server with lost connections and time that passes.
private final class Scene<Core: PeerCore & ~Copyable> {
  let bench: Bench<Core>
  var dice: Dice
  private var server: ShadyServer?

  init(_ core: consuming Core, _ dice: Dice) {
    bench = Bench(core)
    self.dice = dice
  }

  func step() {
    for action in bench.actions() {
      switch action {
      case .disconnect: server = nil
      case .connect where dice.roll(4) == 0:
        bench.core.disconnected(.connectFailed(code: -111), at: bench.now)
      case .connect:
        server = ShadyServer()
        bench.core.connected(at: bench.now)
      }
    }
    guard server != nil else { return bench.advance(Int64(dice.roll(200))) }
    exchange()
    if dice.roll(25) == 0 {
      server = nil
      bench.lose()
    }
    bench.advance(Int64(dice.roll(dice.roll(30) == 0 ? 20_000 : 30)))
  }

  private func exchange() {
    let output = Array(bench.core.output)
    let count = dice.roll(output.count + 1)
    bench.core.wrote(count)
    server?.take(Array(output[..<count]), &dice)
    while let reply = server?.replies.first, dice.roll(4) > 0 {
      server?.replies.removeFirst()
      let cut = dice.roll(reply.count + 1)
      bench.receive(Array(reply[..<cut]))
      bench.receive(Array(reply[cut...]))
    }
  }
}

@Suite struct `Whatever happens in whatever order` {
  @Test(arguments: 1...60)
  func `each request of a client ends exactly once`(seed: Int) throws {
    let scene = Scene(ClientCore(seed: 1), Dice(seed: UInt64(seed)))
    var asked: Set<RequestID> = []
    var ended: Set<RequestID> = []
    for _ in 0..<400 {
      if scene.dice.roll(2) == 0 { asked.insert(try ask(scene)) }
      if scene.dice.roll(30) == 0, let oldest = asked.subtracting(ended).min() {
        _ = scene.bench.core.cancel(oldest)
      }
      scene.step()
      try collect(scene.bench, &ended)
    }
    scene.bench.core.close()
    try collect(scene.bench, &ended)
    #expect(ended == asked)
  }

  @Test(arguments: 1...60)
  func `each request of a worker ends exactly once, and its slots are never exceeded`(
    seed: Int
  ) throws {
    let slots = 1 + seed % 4
    let scene = Scene(WorkerCore(slots: slots, seed: 1), Dice(seed: UInt64(seed)))
    var asked: Set<RequestID> = [
      try scene.bench.core.canDo(function: .of("f"), at: scene.bench.now)
    ]
    var ended: Set<RequestID> = []
    var inHand: [JobToken] = []
    var said: [RequestID: JobToken] = [:]
    for _ in 0..<600 {
      if scene.dice.roll(3) == 0, let job = scene.bench.next() { inHand.append(job.token) }
      if !inHand.isEmpty, scene.dice.roll(2) == 0 {
        asked.insert(try report(scene, inHand.remove(at: scene.dice.roll(inHand.count))))
      }
      if let job = inHand.last, scene.dice.roll(3) == 0 {
        let id = try say(scene, job)
        said[id] = job
        asked.insert(id)
      }
      if scene.dice.roll(40) == 0 { asked.insert(try announce(scene)) }
      scene.step()
      for completion in try collect(scene.bench, &ended)
      where completion.outcome == .acquired(false) {
        inHand.removeAll { $0 == said[completion.id] }
      }
      try #require(scene.bench.core.heldCount <= slots)
      try #require(inHand.count <= scene.bench.core.heldCount)
    }
    for token in inHand { asked.insert(try report(scene, token)) }
    #expect(scene.bench.core.heldCount == scene.bench.core.receivedCount)
    scene.bench.core.close()
    try collect(scene.bench, &ended)
    #expect(ended == asked)
  }

  private func ask(_ scene: Scene<ClientCore>) throws -> RequestID {
    let now = scene.bench.now
    let timeout: Int64? = scene.dice.roll(3) == 0 ? Int64(scene.dice.roll(300)) : nil
    let job = JobFields(key: .of("f", "n"), workload: .of("work"))
    let command: Command
    switch scene.dice.roll(16) {
    case 0: command = .ping
    case 1: command = .remove(job.key)
    case 2: command = .drop(function: .of("f"))
    case 3: command = .getSetting(key: .of("timeout"))
    case 4: command = .setSetting(key: .of("timeout"), value: 1)
    case 5: command = .dump
    case 6: command = .load(.of("\0\0\0\0\0\0\0\0"))
    case 7: command = .shutdown
    case 8: command = .status
    case 9, 10: command = .run(job)
    case 11, 12, 13: command = .receiveData(job)
    default: command = .submit(job)
    }
    return try scene.bench.core.request(command, timeout: timeout, at: now)
  }

  private func say(_ scene: Scene<WorkerCore>, _ job: JobToken) throws -> RequestID {
    let now = scene.bench.now
    let timeout: Int64? = scene.dice.roll(3) == 0 ? Int64(scene.dice.roll(100)) : nil
    switch scene.dice.roll(4) {
    case 0: return try scene.bench.core.workData(job, .of("part"), timeout: timeout, at: now)
    case 1: return try scene.bench.core.release(lock: .of("L"), job, timeout: timeout, at: now)
    default:
      return try scene.bench.core.acquire(
        lock: .of("L"), capacity: 1, job, timeout: timeout, at: now)
    }
  }

  private func announce(_ scene: Scene<WorkerCore>) throws -> RequestID {
    let now = scene.bench.now
    switch scene.dice.roll(3) {
    case 0: return try scene.bench.core.cannotDo(function: .of("g"), at: now)
    case 1: return try scene.bench.core.broadcast(function: .of("g"), timeout: 50, at: now)
    default: return try scene.bench.core.canDo(function: .of("f"), timeout: 50, at: now)
    }
  }

  private func report(_ scene: Scene<WorkerCore>, _ job: JobToken) throws -> RequestID {
    let now = scene.bench.now
    switch scene.dice.roll(3) {
    case 0: return try scene.bench.core.done(job, data: .of("ok"), at: now)
    case 1: return try scene.bench.core.fail(job, timeout: 100, at: now)
    default: return try scene.bench.core.later(job, delay: 1, at: now)
    }
  }

  /// Each has one end, and nothing comes after it.
  @discardableResult
  private func collect<Core: PeerCore & ~Copyable>(
    _ bench: Bench<Core>, _ ended: inout Set<RequestID>
  ) throws -> [Completion] {
    let completions = bench.completions()
    for completion in completions {
      try #require(!ended.contains(completion.id))
      if completion.outcome.isFinal { ended.insert(completion.id) }
    }
    return completions
  }
}
