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

  /// As SUBMIT_JOB for each job; `refused` hears of those that are not kept.
  public func submitDirectly(
    _ jobs: UnsafeBufferPointer<JobFields>, at now: Now, refused: (Int, Refusal) -> Void
  ) {
    var count = 0
    while count < jobs.count {
      let before = count
      count += engine.submitDirectly(
        UnsafeBufferPointer(rebasing: jobs[before...]), at: now, into: &effects
      ) { refused(before + $0, $1) }
      carryOutDirect()
    }
  }

  /// Hands out the jobs that grabs would have got, as far as there are any.
  ///
  /// - Returns: how many, at most `most`.
  public func pull(
    for session: Session, atMost most: Int, at now: Now,
    _ body: (RunHandle, UnsafePointer<Assignment>) -> Void
  ) -> Int {
    var count = 0
    while count < most, let id = session.id, session.isWorker {
      let pulled = engine.pull(for: id, atMost: most - count, at: now, into: &effects, body)
      carryOutDirect()
      if pulled == 0 { break }
      count += pulled
    }
    return count
  }

  /// As WORK_DONE for each report.
  ///
  /// - Returns: how many were heard, from the first; all, unless that ended the session.
  public func doneDirectly(
    by session: Session, _ reports: UnsafeBufferPointer<DoneReport>, at now: Now
  ) -> Int {
    var count = 0
    while count < reports.count, let id = session.id, session.isWorker {
      let rest = UnsafeBufferPointer(rebasing: reports[count...])
      count += engine.doneDirectly(by: id, rest, at: now, into: &effects)
      carryOutDirect()
    }
    return count
  }

  @inline(__always)
  private func carryOutDirect() {
    if !effects.isEmpty { carryOut(for: nil) }
  }
}
