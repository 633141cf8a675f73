import PeriodicCore
import PeriodicEngine
import PeriodicStore

/// What the engine is told, and what it says, held against what the model expects.
extension EngineWorld {
  /// Sends a command that names a job or a function, and expects this reply.
  func send(
    _ key: KeyName, body: String = "", _ peer: Int, message: UInt64? = nil,
    expecting text: String?, promise: Bool = false, _ make: (JobKey, Bytes) -> Command
  ) {
    if message == nil { nextMessage += 1 }
    withBytes(of: key.function) { function in
      withBytes(of: key.name) { name in
        withBytes(of: body) { body in
          let command = make(JobKey(function: function, name: name), body)
          send(command, message ?? nextMessage, peer, expecting: text, promise: promise)
        }
      }
    }
  }

  /// Sends a command that carries a version of a job.
  func send(
    _ key: KeyName, _ version: ModelJob.Version, _ peer: Int, message: UInt64? = nil,
    expecting text: String?, promise: Bool = false, _ make: (JobFields) -> Command
  ) {
    let origin = JobOrigin(rawValue: version.origin) ?? .generation2
    send(
      key, body: version.workload, peer, message: message, expecting: text, promise: promise
    ) { key, workload in
      make(
        JobFields(
          key: key, workload: workload, scheduledAt: version.asked,
          timeout: Int32(version.timeout), origin: origin))
    }
  }

  /// Hands a command to the engine; `nil` when nothing shall be said to it at once.
  func send(
    _ command: Command, _ message: UInt64, _ peer: Int, expecting text: String?,
    promise: Bool = false
  ) {
    if let text {
      let isPromise = promise && isDurable && text == "success"
      expected.insert(
        Expected(peer: peer, message: message, text: text, isPromise: isPromise), at: 0)
    }
    engine.handle(
      command, MessageID(message), from: peers[peer].session, at: now, into: &effects)
    takeEffects()
    if case .drop = command, leavesWork {
      // Its jobs go a slice at a time; what they owe may come with a later slice.
      return expect(!expected.contains { $0.message == message }, "E5: a drop has no reply")
    }
    work()
  }

  func takeEffects() {
    handOn()
    for effect in effects {
      switch effect {
      case .event(let event): observed(event)
      case .store(let operation):
        expect(isDurable, "a store operation without a store")
        check(operation)
        collecting.append(operation)
      case .reply(let session, let message, .assign(let assignment), let promise):
        expect(promise == .nothing, "an assignment waits for no batch")
        assigned(assignment, message.number, session)
      case .reply(let session, let message, let reply, let promise):
        answered(session, message.number, reply, promise)
      }
    }
    effects.removeAll()
    expect(receivers == nil, "2.3: a broadcast left out \(String(describing: receivers))")
  }

  /// After everything that had to be done: all replies have come, and all events.
  func expectNothingMore() {
    expect(expected.isEmpty, "E5: a reply is missing: \(expected)")
    expect(expectedEvents.isEmpty, "2.12: an event is missing: \(expectedEvents)")
  }

  /// A transient job is never stored (E1).
  private func check(_ operation: StoreOperation) {
    guard case .put(let stored) = operation else { return }
    let key = KeyName(function: stored.job.key.function.text, name: stored.job.key.name.text)
    expect(job(key)?.isTransient == false, "E1: the transient \(key) is stored")
  }

  private func answered(
    _ session: SessionID, _ message: UInt64, _ reply: Reply, _ promise: Promising
  ) {
    guard
      let peer = peers.indices.first(where: { peers[$0].session == session && peers[$0].isOpen })
    else { fail("E5: a reply to a closed session") }
    let said = text(reply)
    // Replies under one id come in their order.
    guard let index = expected.firstIndex(where: { $0.peer == peer && $0.message == message })
    else { fail("E5: an unasked reply to \(peer) under \(message): \(said)") }
    let due = expected.remove(at: index)
    expect(
      said == due.text || said == due.alternative,
      "E5: expected \(due.text) under \(message), got \(said)")
    if due.isPromise { expect(promise == .durable, "E8: \(said) under \(message) runs ahead") }
    let isLate =
      due.key != nil && expected.contains { $0.peer == peer && $0.key == due.key && !$0.isResult }
    expect(
      !due.isResult || !isLate, "2.5: a result before what listeners of \(message) shall hear")
  }

  typealias Promising = PeriodicEngine.Promise

  func text(_ reply: Reply) -> String {
    switch reply {
    case .success: "success"
    case .noWorker: "no worker"
    case .data(let bytes): "data \(bytes.text)"
    case .acquired(let isHolder): "acquired \(isHolder)"
    case .setting(let value): "setting \(value)"
    case .refused(.limit(.grabsPerConnection, _)): "limit grabs"
    case .refused(.limit(let name, _)): "limit \(name.rawValue)"
    case .refused(let refusal): refusal.text == "no job" ? "no such job" : refusal.text
    default: "\(reply)"
    }
  }

  // MARK: Events (PROTOCOL 2.12)

  /// Notes that the engine shall tell of this.
  func observe(_ event: String) {
    if isObserved { expectedEvents.append(event) }
  }

  private func observed(_ event: EngineEvent) {
    let text = "\(event.kind.rawValue):\(event.name.text):\(event.milliseconds)"
    guard let index = expectedEvents.firstIndex(of: text) else {
      fail("2.12: an event that nobody expects: \(text), but \(expectedEvents)")
    }
    expectedEvents.remove(at: index)
  }
}
