import PeriodicCore
import PeriodicEngine
import PeriodicWire

/// From commands to the engine: who may say what, and what the server core answers itself.
extension ServerCore {
  /// Whether the command is to be carried out; if not, the session is told so.
  func admits(_ command: Command, _ message: MessageID, _ session: Session) -> Bool {
    guard case .registered(let generation, let role) = session.phase else { return false }
    if case .serverOnly = command { return true }
    if !isAllowed(command, generation, role) {
      say(.refused(.wrongRole), message, session)
      return false
    }
    if !isAllowedByIdentity(command, role, session) {
      if hasReply(command, generation) { say(.refused(.notAllowed), message, session) }
      return false
    }
    if phase == .stopping, isNewWork(command) {
      if hasReply(command, generation) { say(.refused(.stopping), message, session) }
      return false
    }
    return true
  }

  /// Carries out a command that was admitted.
  func execute(_ command: Command, _ message: MessageID, _ session: Session, at now: Now) {
    guard case .registered(let generation, _) = session.phase, let id = session.id else {
      fatalError("only a registered session has commands")
    }
    var message = message
    switch command {
    case .status: return startStatus(message, session, at: now)
    case .dump: return startDump(message, session)
    case .shutdown: return shutDown(at: now)
    case .grab where generation == .two: session.grabs.insert(message)
    default:
      // Generation 1 has forgotten the ids of these; a reply would end its reader (PROTOCOL 2.1).
      if generation == .one, Generation1.hasNoReply(command) { message = .none }
    }
    engine.handle(command, message, from: id, at: now, into: &effects)
    carryOut(for: command)
    // A value takes effect at once (PROTOCOL 2.9).
    if case .setSetting = command {
      nextSweep = min(nextSweep, now.monotonic.addingSaturated(sweepInterval))
    }
  }

  /// Whether a refusal of the command can be said: SHUTDOWN has no reply but that (PROTOCOL 2.11).
  private func hasReply(_ command: Command, _ generation: Generation) -> Bool {
    switch command {
    case .assigned, .unassigned: false
    default: generation == .two || !Generation1.hasNoReply(command)
    }
  }

  /// PROTOCOL 1.4: only workers may send worker commands. In generation 1 a worker may send nothing
  /// else, except PING.
  private func isAllowed(_ command: Command, _ generation: Generation, _ role: Role) -> Bool {
    switch (generation, role) {
    case (_, .client): return !command.isForWorkers
    case (.two, .worker): return true
    case (.one, .worker):
      switch command {
      case .ping, .undefined, .serverOnly: return true
      default: return command.isForWorkers
      }
    }
  }

  /// No reply; what is held goes out (PROTOCOL 2.11).
  private func shutDown(at now: Now) {
    if phase == .stopping { return }
    stop(at: now)
    wasAskedToStop = true
  }

  /// What a server that stops does not take up any more.
  private func isNewWork(_ command: Command) -> Bool {
    switch command {
    case .submit, .run, .receiveData, .load, .canDo, .broadcast: true
    default: false
    }
  }

  /// Does what the engine asked for, in order. `command` is the one that led to it, if one did.
  func carryOut(for command: Command?) {
    var isPut = false
    var other = 0
    for place in effects.steps.indices {
      let step = effects.steps[place]
      if step.kind == .other {
        carryOut(effects.others[other], isPut: &isPut)
        other += 1
      } else {
        succeed(step, command, isPut: isPut)
      }
    }
    effects.removeAll()
    engine.collectingBatch = gate.number
  }

  @inline(__always)
  private func carryOut(_ effect: Effect, isPut: inout Bool) {
    switch effect {
    case .store(let operation):
      if case .put = operation { isPut = true }
      gate.append(operation)
    case .event(let event): note(event)
    case .reply(let id, let message, let reply, let promise):
      if message == ServerCore.loadMessage {
        if case .refused(let refusal) = reply { loadRefusal = loadRefusal ?? refusal }
        return
      }
      guard let session = session(id) else { return }
      switch promise {
      case .nothing: say(reply, message, session)
      case .durable: hold(reply, message, session, id, isPut: isPut)
      }
    }
  }

  @inline(__always)
  private func succeed(_ step: Effects.Step, _ command: Command?, isPut: Bool) {
    guard step.message != ServerCore.loadMessage, let session = session(step.session),
      !isUnwanted(step.message, session, command)
    else { return }
    if step.kind == .durableSuccess {
      hold(.success, step.message, session, step.session, isPut: isPut)
    } else if case .registered(.two, _) = session.phase {
      Generation2.encodeSuccess(step.message, into: &session.outgoing.buffer)
      markDirty(session)
    } else {
      say(.success, step.message, session)
    }
  }

  /// Encodes a reply into the session's output.
  func say(_ reply: Reply, _ message: MessageID, _ session: Session) {
    if let shared = sharedBytes(of: reply), case .registered(.two, _) = session.phase,
      message != .none
    {
      let rest = Generation2.encode(reply, around: shared, message, into: &session.outgoing.buffer)
      session.outgoing.insert(shared, before: rest)
    } else {
      encode(reply, message, session, into: &session.outgoing.buffer)
    }
    markDirty(session)
    answeredHTTP(session)
  }

  /// What a reply need not copy: a large workload, or the large data of the request in hand.
  private func sharedBytes(of reply: Reply) -> SharedBytes? {
    switch reply {
    case .assign(let assignment): assignment.job.shared?.takeUnretainedValue()
    case .data(let data):
      sharedData.flatMap { $0.bytes.baseAddress == data.baseAddress ? $0 : nil }
    default: nil
    }
  }

  /// Encodes a reply in both its forms and keeps it under the newest batch.
  private func hold(
    _ reply: Reply, _ message: MessageID, _ session: Session, _ id: SessionID, isPut: Bool
  ) {
    // With nothing on its way to the store, everything said so far is durable.
    guard let held = gate.holder else { return say(reply, message, session) }
    let before = held.bytes.count
    encode(reply, message, session, into: &held.bytes)
    let successLength = held.bytes.count - before
    if isPut { encode(.refused(.storeFailed), message, session, into: &held.bytes) }
    let refusalLength = held.bytes.count - before - successLength
    if isPut, hasTexts(session) {
      encode(.refused(.storeFull), message, session, into: &held.bytes)
    }
    held.entries.append(
      .init(
        session: id, successLength: successLength, refusalLength: refusalLength,
        fullLength: held.bytes.count - before - successLength - refusalLength))
    session.heldReplies += 1
  }

  /// Whether the session's protocol tells one refusal from another.
  private func hasTexts(_ session: Session) -> Bool {
    if case .registered(.two, _) = session.phase { false } else { true }
  }

  /// Encoded bytes that have waited go out.
  func send(_ bytes: Bytes, to id: SessionID, at now: Now) {
    guard let session = session(id) else { return }
    session.outgoing.buffer.append(bytes)
    session.heldReplies -= 1
    markDirty(session)
    answeredHTTP(session)
    endIfFinished(session, at: now)
  }

  func session(_ id: SessionID) -> Session? {
    let slot = Int(UInt32(truncatingIfNeeded: id.number))
    guard slot < sessions.count, let session = sessions[slot], session.id == id else { return nil }
    return session
  }

  private func encode(
    _ reply: Reply, _ message: MessageID, _ session: Session, into buffer: inout ByteBuffer
  ) {
    switch session.phase {
    case .registered(.two, _): Generation2.encode(reply, message, into: &buffer)
    case .registered(.one, _):
      guard let decoder = session.generation1 else { fatalError("a session has its decoder") }
      decoder.encode(reply, message, into: &buffer)
    case .http:
      guard let context = session.http?.context else { fatalError("a request has its context") }
      HTTPResponse.encode(reply, context, into: &buffer)
    case .sniffing, .registering, .ending, .closed: break
    }
  }

  /// Whether a SUCCESS is one of the two that released workers cannot bear (PROTOCOL 2.3): to a
  /// GRAB_JOB under four hexadecimal digits, and to anything else under the id of an earlier one.
  private func isUnwanted(_ message: MessageID, _ session: Session, _ command: Command?) -> Bool {
    guard case .registered(.two, .worker) = session.phase else { return false }
    if case .grab = command { return Generation2.isFourHexDigits(message) }
    return session.grabs.contains(message)
  }
}
