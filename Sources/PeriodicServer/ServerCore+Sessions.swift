public import PeriodicCore
import PeriodicEngine
import PeriodicWire

/// Connections: coming, speaking, going.
extension ServerCore {
  /// How often silent connections are looked for: every ten seconds (PROTOCOL 2.4), more often when
  /// `keepalive` is so short that this would be late.
  var sweepInterval: Int64 {
    let idle = configuration.limits.generation1Idle
    let shortest = [Int64(engine.settings.keepalive) * 1000, idle].filter { $0 > 0 }.min()
    return min(max((shortest ?? .max) / 4, 250), 10_000)
  }

  /// A connection has been accepted. `nil` when there are as many as there may be: close it.
  ///
  /// - Parameter isHere: whether its peer is driven by the same loop.
  public func open(isHere: Bool = false, at now: Now) -> Session? {
    guard connections.count < configuration.limits.connections, phase != .stopped else {
      return nil
    }
    opened += 1
    let session = Session(limits: configuration.limits, order: opened, isHere: isHere, at: now)
    if !isHere { distant += 1 }
    connections[ObjectIdentifier(session)] = session
    awaited.append(session, at: now.monotonic)
    return session
  }

  /// Bytes have come in. They are borrowed for the call.
  public func receive(_ bytes: Bytes, on session: Session, at now: Now) {
    guard session.isOpen else { return }
    session.heardAt = now.monotonic
    if session.input.isEmpty, canProceed(session) {
      let used = process(bytes, of: session, at: now)
      if session.isOpen { session.keep(Bytes(rebasing: bytes[used...])) }
    } else {
      session.keep(bytes)
      proceed(session, at: now)
    }
  }

  /// The peer will send no more. What it sent is handled; replies still go out.
  public func receivedEnd(on session: Session, at now: Now) {
    session.hasEnded = true
    endIfFinished(session, at: now)
  }

  /// The peer has gone, after its last byte. What it sent is handled; it waits for nothing more.
  public func hungUp(_ session: Session, at now: Now) {
    guard session.isOpen, session.hasEnded, session.input.isEmpty, session.cursor == nil else {
      return
    }
    abort(session, at: now)
  }

  /// Ends a session whose peer has sent its last byte: a worker at once, for its jobs' sake; a
  /// client when everything it asked has been answered.
  func endIfFinished(_ session: Session, at now: Now) {
    guard session.hasEnded, session.isOpen else { return }
    let isWaiting =
      session.isStalled || session.cursor != nil || session.heldReplies > 0
      || session.id.map { engine.isWaiting($0) } ?? false || session.http?.isReading == false
    if session.isWorker || !isWaiting { end(session, at: now) }
  }

  /// The connection is gone. Safe to call for one that the core has closed itself.
  public func closed(_ session: Session, at now: Now) {
    forget(session, at: now)
    awaited.remove(session)
    session.phase = .closed
    if connections.removeValue(forKey: ObjectIdentifier(session)) != nil, !session.isHere {
      distant -= 1
    }
    session.connection = nil
    session.cursor = nil
    session.generation1 = nil
    session.http = nil
    session.input.reset(keeping: 0)
    session.outgoing.reset(keeping: 0)
  }

  /// Handles what has come in, as far as it may.
  func proceed(_ session: Session, at now: Now) {
    while session.isOpen, !session.input.isEmpty, canProceed(session) {
      let used = process(session.input.bytes, of: session, at: now)
      if used == 0 { break }
      session.input.consume(used)
    }
    if !session.isOpen {
      session.input.reset(keeping: 0)
    } else if session.input.isEmpty {
      session.input.reset(keeping: 16 << 10)
    }
    endIfFinished(session, at: now)
  }

  /// Whether input may be handled now; if not, the session is noted and no more is read from it.
  func canProceed(_ session: Session) -> Bool {
    if session.cursor != nil {
      setPaused(session, true)
      return false
    }
    if let http = session.http, !http.isReading {
      if session.input.count > HTTPExchange.readAhead { setPaused(session, true) }
      return false
    }
    var mustWait: Bool
    switch phase {
    case .starting, .reserving:
      if case .registering = session.phase { mustWait = true } else { mustWait = false }
    case .serving, .stopping:
      mustWait =
        isOverloaded(for: session)
        || session.outgoing.count > configuration.limits.outputPauseBytes
    case .stopped: mustWait = true
    }
    if !mustWait, budget.isSpent {
      mustWait = true
      waitsForTurn = true
    }
    if mustWait, !session.isStalled {
      session.isStalled = true
      stalled.append(session)
      setPaused(session, true)
    }
    return !mustWait
  }

  /// Lets sessions go on whose reason to wait has passed.
  func resumeStalled(at now: Now) {
    guard !stalled.isEmpty else { return }
    let waiting = stalled
    stalled.removeAll(keepingCapacity: true)
    waitsForTurn = false
    for (place, session) in waiting.enumerated() {
      if budget.isSpent {
        // Who had no turn comes before those who had one.
        stalled.insert(contentsOf: waiting[place...], at: 0)
        waitsForTurn = true
        return
      }
      session.isStalled = false
      guard session.isOpen, canProceed(session) else { continue }
      setPaused(session, false)
      proceed(session, at: now)
    }
  }

  /// Ends a session: what has been said goes out, then the connection closes.
  func end(_ session: Session, at now: Now) {
    forget(session, at: now)
    awaited.remove(session)
    if case .closed = session.phase { return }
    session.phase = .ending
    markDirty(session)
  }

  /// A peer's bytes broke the protocol. What was asked before is still answered, in whatever pieces
  /// it came.
  func violated(_ what: String, _ session: Session, at now: Now) {
    onViolation?(session, what)
    end(session, at: now)
  }

  /// Ends a session without what it has not been told yet.
  func abort(_ session: Session, at now: Now) {
    session.outgoing.reset(keeping: 0)
    end(session, at: now)
  }

  /// Takes the session from the engine: its grabs and functions vanish, its runs count as failed.
  private func forget(_ session: Session, at now: Now) {
    guard let id = session.id else { return }
    session.id = nil
    sessions[Int(UInt32(truncatingIfNeeded: id.number))] = nil
    engine.close(id, at: now, into: &effects)
    carryOut(for: nil)
  }

  func setPaused(_ session: Session, _ paused: Bool) {
    if session.isPaused == paused { return }
    session.isPaused = paused
    readingChanges.append(session)
  }

  func markDirty(_ session: Session) {
    if session.isDirty { return }
    session.isDirty = true
    dirty.append(session)
  }

  /// Above the limit clients wait for the store; above twice the limit workers do too.
  @inline(__always)
  private func isOverloaded(for session: Session) -> Bool {
    !gate.isIdle && gate.isAbove(session.isWorker ? 2 : 1, configuration.limits)
  }

  /// Closes connections that have not said in time who they are, or their next HTTP request, and,
  /// now and then, those of generation 2 that have been silent for longer than `keepalive`
  /// (PROTOCOL 2.4).
  func closeSilent(at now: Now) {
    let latest = now.monotonic - max(1, configuration.limits.registrationDeadline)
    while let session = awaited.first, let since = session.awaited?.since, since <= latest {
      if session.isStalled {
        // It may have spoken: nothing is read from it.
        awaited.append(session, at: now.monotonic)
      } else if case .http = session.phase {
        giveUpHTTP(session, HTTPFailure(.requestTimeout, "the request did not come in time"))
        end(session, at: now)
      } else {
        abort(session, at: now)
      }
    }
    guard now.monotonic >= nextSweep, phase == .serving else { return }
    nextSweep = now.monotonic.addingSaturated(sweepInterval)
    for session in sessions {
      guard let session, !session.isHere,
        case .registered(let generation, _) = session.phase
      else { continue }
      // Generation 1 does not ping: the keepalive is not for it.
      let patience =
        generation == .one
        ? configuration.limits.generation1Idle : Int64(engine.settings.keepalive) * 1000
      if patience > 0, now.monotonic - session.heardAt >= patience, !session.isPaused {
        abort(session, at: now)
      }
    }
  }
}
