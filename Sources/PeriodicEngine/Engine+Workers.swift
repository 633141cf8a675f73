public import PeriodicCore

/// Connections, what they can do, and their grabs (PROTOCOL 2.3).
extension Engine {
  /// Makes a connection known.
  public mutating func open(_ traits: SessionTraits) -> SessionID {
    sessionGeneration &+= 1
    let slot = sessions.insert(SessionRecord(generation: sessionGeneration, traits: traits))
    return SessionID(UInt64(sessionGeneration) << 32 | UInt64(slot))
  }

  /// Forgets a connection, its functions and its grabs; what it held is treated as failed.
  ///
  /// At once nothing of it can be seen any more; freeing many runs goes on in `work`.
  public mutating func close(_ session: SessionID, at now: Now, into effects: inout Effects) {
    observe(now)
    let peer = slot(of: session)
    let record = sessions[peer]
    while record.pointee.cursor != .none { removeRegistration(record.pointee.cursor) }
    record.pointee.grabs.removeAll(in: &bytes)
    record.pointee.isOpen = false
    closingSessions.append(peer)
    closeSlice(at: now, into: &effects)
    serveMarked(at: now, into: &effects)
  }

  /// Gives back a bounded number of runs of connections that are gone.
  mutating func closeSlice(at now: Now, into effects: inout Effects) {
    var left = 512
    while left > 0, let peer = closingSessions.last {
      if sessions[peer].pointee.firstWaiter != .none {
        removeWaiter(sessions[peer].pointee.firstWaiter)
        left -= 1
        continue
      }
      let run = sessions[peer].pointee.firstRun
      if run == .none {
        closingSessions.removeLast()
        sessions.remove(peer)
        continue
      }
      left -= 1
      if runs[run].pointee.state.isHeld {
        observeEnd(.failJob, of: run, into: &effects)
        leave(run, as: .failed, at: now, into: &effects)
      } else {
        endRun(run)
      }
    }
  }

  mutating func register(
    _ name: Bytes, _ peer: Slot, isBroadcast: Bool, into effects: inout Effects
  ) -> Answer {
    if name.isEmpty { return .now(.refused(.emptyFunction)) }
    if name.count > Limits.nameBytes {
      return .now(.refused(.limit(.nameBytes, value: name.count)))
    }
    let known = findFunction(name)
    if let known, let registration = findRegistration(known, peer) {
      setBroadcast(registration, isBroadcast)
      return .now(.success)
    }
    let count = sessions[peer].pointee.registrations
    if count >= limits.functionsPerConnection {
      return .now(.refused(.limit(.functionsPerConnection, value: count + 1)))
    }
    guard let function = known ?? addFunction(name, into: &effects) else {
      return .now(.refused(.limit(.functions, value: sortedFunctions.count + 1)))
    }
    addRegistration(function, peer, isBroadcast: isBroadcast)
    return .now(.success)
  }

  mutating func unregister(_ name: Bytes, _ peer: Slot) -> Answer {
    if let function = findFunction(name), let registration = findRegistration(function, peer) {
      removeRegistration(registration)
    }
    return .now(.success)
  }

  /// Announces one free slot under its message id; the same id again counts once.
  mutating func grab(
    _ message: MessageID, _ session: SessionID, _ peer: Slot, confirms: Bool, at now: Now,
    into effects: inout Effects
  ) {
    let record = sessions[peer]
    confirmByGrab(message, peer, at: now)
    if !record.pointee.grabs.contains(message) {
      let grabs = record.pointee.grabs.count
      if grabs >= limits.grabsPerConnection {
        let refusal = Refusal.limit(.grabsPerConnection, value: grabs + 1)
        return reply(.now(.refused(refusal)), message, session, into: &effects)
      }
      if record.pointee.runs >= limits.runsPerConnection {
        let refusal = Refusal.limit(.runsPerConnection, value: record.pointee.runs + 1)
        return reply(.now(.refused(refusal)), message, session, into: &effects)
      }
      let silent = !confirms || (record.pointee.hasFinished && !record.pointee.hasConfirmed)
      record.pointee.grabs.append(
        .init(message: message, needsNoConfirmation: silent), in: &bytes)
      reply(.now(.success), message, session, into: &effects)
      // With a second grab outstanding the connection waits in its rings already.
      if grabs == 0 { serveSession(peer, at: now, into: &effects) }
    } else {
      reply(.now(.success), message, session, into: &effects)
    }
  }

  @inline(__always)
  func slot(of session: SessionID) -> Slot {
    let slot = Slot(truncatingIfNeeded: session.number)
    invariant(
      sessions[slot].pointee.generation == UInt32(truncatingIfNeeded: session.number >> 32)
        && sessions[slot].pointee.isOpen, "E5: a session is not used after its close")
    return slot
  }

  func id(of peer: Slot) -> SessionID {
    SessionID(UInt64(sessions[peer].pointee.generation) << 32 | UInt64(peer))
  }

  private func findRegistration(_ function: Slot, _ peer: Slot) -> Slot? {
    let first = sessions[peer].pointee.cursor
    if first == .none { return nil }
    var registration = first
    repeat {
      if registrations[registration].pointee.function == function { return registration }
      registration = registrations[registration].pointee.next
    } while registration != first
    return nil
  }

  /// The later of CAN_DO and BROADCAST counts for a connection.
  private func setBroadcast(_ slot: Slot, _ isBroadcast: Bool) {
    let registration = registrations[slot]
    let function = functions[registration.pointee.function]
    if registration.pointee.isBroadcast { function.pointee.broadcasters -= 1 }
    if isBroadcast { function.pointee.broadcasters += 1 }
    registration.pointee.isBroadcast = isBroadcast
  }

  private mutating func addRegistration(
    _ function: Slot, _ peer: Slot, isBroadcast: Bool
  ) {
    let session = sessions[peer]
    let first = session.pointee.cursor
    let slot = registrations.insert(
      Registration(
        session: peer, function: function, isBroadcast: false, previous: .none, next: .none))
    setBroadcast(slot, isBroadcast)
    if first == .none {
      registrations[slot].pointee.previous = slot
      registrations[slot].pointee.next = slot
      session.pointee.cursor = slot
    } else {
      let last = registrations[first].pointee.previous
      registrations[slot].pointee.previous = last
      registrations[slot].pointee.next = first
      registrations[last].pointee.next = slot
      registrations[first].pointee.previous = slot
    }
    session.pointee.registrations += 1
    functions[function].pointee.workers += 1
    if !session.pointee.traits.broadcasts { functions[function].pointee.undecided += 1 }
  }

  private mutating func removeRegistration(_ slot: Slot) {
    let registration = registrations[slot]
    leaveRing(slot)
    setBroadcast(slot, false)
    let session = sessions[registration.pointee.session]
    let next = registration.pointee.next
    if next == slot {
      session.pointee.cursor = .none
    } else {
      let previous = registration.pointee.previous
      registrations[previous].pointee.next = next
      registrations[next].pointee.previous = previous
      if session.pointee.cursor == slot { session.pointee.cursor = next }
    }
    session.pointee.registrations -= 1
    functions[registration.pointee.function].pointee.workers -= 1
    if !session.pointee.traits.broadcasts {
      functions[registration.pointee.function].pointee.undecided -= 1
    }
    registrations.remove(slot)
  }
}
