public import PeriodicCore
import PeriodicEngine
import PeriodicStore
import PeriodicWire

/// The end of a turn: everything that came in has been handled, now what came of it goes out, once.
extension ServerCore {
  /// Moves the cursors on, hands the next batch over, writes each socket once, sets the wake-up.
  public func endOfTurn(at now: Now, _ act: (ServerAction) -> Void) {
    if phase != .stopped { advance(at: now) }
    if hasNews {
      hasNews = false
      act(.ready)
    }
    if wasAskedToStop {
      wasAskedToStop = false
      act(.stopping)
    }
    sealBatch(at: now, act)
    passBackup(act)
    askForReads(at: now, act)
    flush(at: now, act)
    // After the writing, which is what many of them wait for.
    resumeStalled(at: now)
    changeReading(act)
    if phase == .stopping { finishStopping(at: now, act) }
    armWakeUp(at: now, act)
  }

  private func advance(at now: Now) {
    if engineMayWork {
      engine.work(at: now, into: &effects)
      carryOut(for: nil)
    }
    advanceCursors(at: now)
    resumeHTTP(at: now)
  }

  /// In the middle of a turn, hands over what has collected, if it is enough: the store begins
  /// while the rest of the turn's input is handled.
  public func passBatch(at now: Now, _ act: (ServerAction) -> Void) {
    let enough = min(CommitGate.worthPassing, configuration.limits.batchOperations)
    if gate.collecting.count >= enough { sealBatch(at: now, act) }
  }

  func sealBatch(at now: Now, _ act: (ServerAction) -> Void) {
    if health.takeProbe(at: now.monotonic, hasBatch: !gate.isIdle) { act(.probe) }
    guard health.admitsBatch(at: now.monotonic) else { return }
    if let batch = gate.seal() {
      engine.collectingBatch = gate.number
      batch.liveBytes = engine.storedBytes
      act(.apply(batch))
    }
  }

  /// Writes what has collected, and closes what has ended. Workers come first: their jobs begin
  /// while everybody else hears of theirs.
  private func flush(at now: Now, _ act: (ServerAction) -> Void) {
    guard !dirty.isEmpty else { return }
    let sessions = dirty
    dirty.removeAll(keepingCapacity: true)
    for session in sessions where session.isWorker && session.isDirty {
      flush(session, at: now, act)
    }
    for session in sessions where session.isDirty { flush(session, at: now, act) }
  }

  /// A reader too slow for its limit goes.
  private func flush(_ session: Session, at now: Now, _ act: (ServerAction) -> Void) {
    session.isDirty = false
    if case .closed = session.phase { return }
    endIfFinished(session, at: now)
    if !session.outgoing.isEmpty { act(.write(session)) }
    if session.outgoing.count > configuration.limits.outputCloseBytes {
      session.outgoing.reset(keeping: 0)
      end(session, at: now)
    }
    closeIfEnded(session, at: now, act)
  }

  /// The shell has written more of a session's output after the turn in which it came.
  public func drained(_ session: Session, at now: Now, _ act: (ServerAction) -> Void) {
    closeIfEnded(session, at: now, act)
    if session.isStalled, session.outgoing.isEmpty { resumeStalled(at: now) }
  }

  private func closeIfEnded(
    _ session: Session, at now: Now, _ act: (ServerAction) -> Void
  ) {
    guard case .ending = session.phase, session.outgoing.isEmpty else { return }
    act(.close(session))
    closed(session, at: now)
  }

  private func changeReading(_ act: (ServerAction) -> Void) {
    guard !readingChanges.isEmpty else { return }
    for session in readingChanges where session.isOpen {
      act(session.isPaused ? .pause(session) : .resume(session))
    }
    readingChanges.removeAll(keepingCapacity: true)
  }

  /// Once everything promised is durable and said, closes what is left.
  private func finishStopping(at now: Now, _ act: (ServerAction) -> Void) {
    guard gate.isIdle, moving.isEmpty, !waitsForTurn else { return }
    let open = connections.values.sorted { $0.order < $1.order }
    // Who waits for a job hears why, before the job's worker goes.
    for session in open where session.http != nil {
      giveUpHTTP(session, HTTPFailure(.unavailable, "stopping"))
      end(session, at: now)
    }
    for session in open { end(session, at: now) }
    sealBatch(at: now, act)
    flush(at: now, act)
    guard gate.isIdle, connections.isEmpty else { return }
    phase = .stopped
    act(.stopped)
  }

  private func armWakeUp(at now: Now, _ act: (ServerAction) -> Void) {
    let longest = clocksAreOne ? Int64.max : Engine.longestWait
    var wait = longest
    if phase == .serving, engineMayWork || !engine.hasWork {
      wait = engine.nextWake(at: now, atMost: longest)
    }
    if phase == .serving, distant > 0 { wait = min(wait, nextSweep - now.monotonic) }
    if let since = awaited.first?.awaited?.since {
      wait = min(wait, since + configuration.limits.registrationDeadline - now.monotonic)
    }
    if let readAgainAt { wait = min(wait, readAgainAt - now.monotonic) }
    if let time = health.wakeAt { wait = min(wait, time - now.monotonic) }
    let time = now.monotonic.addingSaturated(max(0, wait))
    if time != wakeAt {
      wakeAt = time
      act(.wake(at: time))
    }
  }
}
