public import PeriodicCore
import PeriodicEngine
import PeriodicWire

/// Peers of the server's own loop, which ask by a call. The rules are those of messages; what
/// cannot be answered at once, or could overtake a message, is not taken: the peer sends it.
///
/// Between `mayAskDirectly` and the calls nothing else may happen.
extension ServerCore {
  /// Whether the session may ask directly now.
  public func mayAskDirectly(_ session: Session) -> Bool {
    guard answersDirectly, phase == .serving, case .registered(.two, _) = session.phase else {
      return false
    }
    return session.id != nil && session.input.isEmpty && session.cursor == nil
      && !session.isStalled
  }

  /// Whether answers need neither the store nor a look at who asks.
  public var answersDirectly: Bool { !configuration.isDurable && identities == nil }

  /// As SUBMIT_JOB.
  public func submitDirectly(_ fields: JobFields, at now: Now) -> Reply {
    let reply = engine.submitDirectly(fields, at: now, into: &effects)
    carryOutDirect()
    return reply
  }

  /// Hands out the job that a grab would have got, if there is one.
  public func pull(
    for session: Session, at now: Now
  ) -> (run: RunHandle, job: JobFields)? {
    guard let id = session.id, session.isWorker else { return nil }
    let pulled = engine.pull(for: id, at: now, into: &effects)
    carryOutDirect()
    return pulled.map { ($0.run, $0.assignment.job) }
  }

  /// As WORK_DONE, for a run that was pulled or, without one, by the job's names.
  public func doneDirectly(
    _ run: RunHandle, _ key: JobKey, _ data: Bytes, by session: Session, at now: Now
  ) {
    guard let id = session.id, session.isWorker else { return }
    if run.isNone {
      engine.doneDirectly(key, data, by: id, at: now, into: &effects)
    } else {
      engine.doneDirectly(run, data, by: id, at: now, into: &effects)
    }
    carryOutDirect()
  }

  @inline(__always)
  private func carryOutDirect() {
    if !effects.isEmpty { carryOut(for: nil) }
  }
}
