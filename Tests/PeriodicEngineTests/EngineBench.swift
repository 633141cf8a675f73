import PeriodicCore
import PeriodicEngine
import PeriodicStore
import Testing

/// An engine with names for its peers, a clock that the test moves, and its effects as text.
final class EngineBench {
  var engine: Engine
  var now = Now(monotonic: 1_000_000, wall: 1_700_000_000_000)
  private var effects = Effects()
  /// What was said since last asked, as "peer/message: what".
  var said: [String] = []
  /// What the store was asked for since last asked.
  private(set) var stored: [String] = []
  /// What has been asked of the store and is not in it; and the store.
  private(set) var batch = StoreBatch()
  let disk = MemoryStore()
  /// What was observed so far, as "kind:name:milliseconds".
  private(set) var events: [String] = []
  /// The last assignment: workload, time limit, count, and seconds from now to its time.
  private(set) var lastAssignment = ""
  private var names: [SessionID: String] = [:]
  private var peers: [String: SessionID] = [:]

  init(durable: Bool = false, limits: Limits = Limits()) {
    engine = Engine(limits: limits, isDurable: durable)
    if durable {
      #expect(throws: Never.self) { try disk.open() }
      engine.start(into: &effects)
      take()
      commit()
      _ = takeStored()
    }
  }

  /// Bytes of workloads in memory, and whether more shall be read.
  var cachedBytes: Int { engine.cachedBytes }
  var wantsReads: Bool { engine.wantsReads }
  var nextWake: Int64 { engine.nextWake(at: now) }

  func isOpen(_ name: String) -> Bool { peers[name] != nil }

  func open(_ name: String, _ traits: SessionTraits = .generation2) {
    let id = engine.open(traits)
    names[id] = name
    peers[name] = id
  }

  /// A worker that can do these functions and has so many grabs outstanding, under 1, 2, 3 …
  func worker(
    _ name: String, _ functions: [String] = ["f"], grabs: Int = 1,
    _ traits: SessionTraits = .generation2
  ) {
    open(name, traits)
    for function in functions { withBytes(of: function) { handle(.canDo(function: $0), name) } }
    for grab in 0..<grabs { self.grab(name, UInt64(grab + 1)) }
    _ = takeSaid()
  }

  func grab(_ peer: String, _ message: UInt64 = 1, confirms: Bool = true) {
    handle(.grab(confirms: confirms), peer, message)
  }

  func submit(
    _ name: String, _ function: String = "f", by peer: String = "client", in delay: Int64 = 0,
    workload: String = "", timeout: Int32 = 0, origin: JobOrigin = .generation2
  ) {
    if peers[peer] == nil { open(peer) }
    with(function, name, workload) { key, body in
      let job = JobFields(
        key: key, workload: body, scheduledAt: now.wallSeconds + delay, timeout: timeout,
        origin: origin)
      handle(.submit(job), peer, 99)
    }
  }

  func remove(_ name: String, _ function: String = "f", by peer: String = "client") {
    with(function, name, "") { key, _ in handle(.remove(key), peer, 98) }
  }

  func drop(_ function: String = "f", by peer: String = "client") {
    withBytes(of: function) { handle(.drop(function: $0), peer, 97) }
  }

  func done(_ name: String, by peer: String, _ function: String = "f", data: String = "") {
    with(function, name, data) { key, data in handle(.done(.key(key), data: data), peer, 50) }
  }

  func fail(_ name: String, by peer: String, _ function: String = "f") {
    with(function, name, "") { key, _ in handle(.fail(.key(key)), peer, 51) }
  }

  func later(_ name: String, by peer: String, delay: Int64, step: UInt16 = 0) {
    with("f", name, "") { key, _ in
      handle(.later(.key(key), delay: delay, step: step), peer, 52)
    }
  }

  func handle(_ command: Command, _ peer: String, _ message: UInt64 = 77) {
    guard let id = peers[peer] else { fatalError("no peer \(peer)") }
    engine.handle(command, MessageID(message), from: id, at: now, into: &effects)
    take()
  }

  func close(_ peer: String) {
    guard let id = peers.removeValue(forKey: peer) else { fatalError("no peer \(peer)") }
    engine.close(id, at: now, into: &effects)
    take()
  }

  /// Lets time pass on both clocks.
  func pass(_ milliseconds: Int64) {
    now.monotonic += milliseconds
    now.wall += milliseconds
    engine.tick(at: now, into: &effects)
    take()
  }

  /// The collecting batch becomes durable, or is refused; the next one collects.
  func commit(refused: Bool = false) {
    let batch = engine.collectingBatch
    engine.collectingBatch += 1
    write(refused: refused)
    if refused {
      engine.failed(batch, at: now, into: &effects)
    } else {
      engine.committed(batch, at: now, into: &effects)
    }
    take()
  }

  /// Refused, new versions are given up, and the rest goes with the next batch.
  private func write(refused: Bool) {
    let taken = batch
    batch = StoreBatch()
    if refused {
      taken.forEach { if case .put = $0 {} else { batch.append($0) } }
    } else {
      #expect(throws: Never.self) { try disk.apply(taken) }
    }
  }

  /// What the engine wants to have read.
  func takeReads() -> [ReadTicket] {
    defer { take() }
    return engine.takeReads(at: now)
  }

  /// Answers for reads, with what the store has now.
  ///
  /// - Returns: how many jobs were not there that should have been.
  @discardableResult
  func answer(_ tickets: [ReadTicket]) -> Int {
    var lost = 0
    for ticket in tickets {
      var isThere: Bool?
      #expect(throws: Never.self) {
        try disk.read([ticket.id]) { row in
          isThere = engine.fetched(ticket, row, at: now, into: &effects)
        }
      }
      if !(isThere ?? engine.fetched(ticket, nil, at: now, into: &effects)) { lost += 1 }
    }
    engine.fetchedAll(at: now, into: &effects)
    take()
    return lost
  }

  func work() {
    while engine.hasWork {
      engine.work(at: now, into: &effects)
      take()
    }
  }

  func status(_ function: String = "f") -> FunctionStatus? {
    withBytes(of: function) { engine.status(of: $0, at: now) }
  }

  func takeSaid() -> [String] {
    defer { said = [] }
    return said
  }

  func takeStored() -> [String] {
    defer { stored = [] }
    return stored
  }

  /// The jobs handed out since last asked, as "worker name".
  func takeAssigned() -> [String] {
    takeSaid().compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 3, words[1] == "assign" else { return nil }
      return "\(words[0].prefix { $0 != "/" }) \(words[2])"
    }
  }

  private func take() {
    for effect in effects {
      switch effect {
      case .reply(let id, let message, let reply, let promise):
        let peer = names[id] ?? "?"
        if case .assign(let assignment) = reply { note(assignment) }
        let held = promise == .durable ? ", held" : ""
        said.append("\(peer)/\(message.number): \(text(reply))\(held)")
      case .store(let operation):
        stored.append(text(operation))
        batch.append(operation)
      case .event(let event):
        events.append("\(event.kind.rawValue):\(event.name.text):\(event.milliseconds)")
      }
    }
    effects.removeAll()
    engine.checkInvariants(at: now)
  }

  private func note(_ assignment: PeriodicCore.Assignment) {
    let job = assignment.job
    lastAssignment =
      "\(job.workload.text) \(job.timeout) \(job.count) \(job.scheduledAt - now.wallSeconds)"
  }

  private func text(_ reply: Reply) -> String {
    switch reply {
    case .success: "success"
    case .assign(let assignment): "assign \(assignment.job.key.name.text)"
    case .refused(let refusal): "refused: \(refusal.text)"
    case .noWorker: "no worker"
    case .data(let data): "data \(data.text)"
    case .acquired(let isHolder): "acquired \(isHolder)"
    case .setting(let value): "setting \(value)"
    default: "\(reply)"
    }
  }

  private func text(_ operation: StoreOperation) -> String {
    switch operation {
    case .put(let job): "put \(job.job.key.name.text) \(job.job.workload.text)"
    case .reschedule: "reschedule"
    case .delete: "delete"
    case .addFunction(let name): "add \(name.text)"
    case .dropFunction(let name, _): "drop \(name.text)"
    case .dropFinished(let name, _): "dropped \(name.text)"
    case .reserve: "reserve"
    case .setSetting(let key, let value): "set \(key.text) \(value)"
    case .addMetric: "metric"
    }
  }

  func with(
    _ function: String, _ name: String, _ workload: String, _ body: (JobKey, Bytes) -> Void
  ) {
    withBytes(of: function) { function in
      withBytes(of: name) { name in
        withBytes(of: workload) { body(JobKey(function: function, name: name), $0) }
      }
    }
  }
}
