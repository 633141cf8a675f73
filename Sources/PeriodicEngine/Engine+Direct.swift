public import PeriodicCore

/// Calls of a peer that has its answers when they return: no message, no grab, and no reply among
/// the effects, which are what others hear of it. Each handles one after another until one has
/// effects: they may borrow bytes that the next would free.
///
/// Only without a durable store: with one no answer can be given before its batch is durable. What
/// is called back must not call the engine.
extension Engine {
  /// As SUBMIT_JOB for each job that `next` fills in; `refused` hears of the last one.
  ///
  /// - Returns: whether `next` may have more.
  public mutating func submitDirectly(
    at now: Now, into effects: inout Effects, _ next: (inout JobFields) -> Bool,
    refused: (Refusal) -> Void
  ) -> Bool {
    observe(now)
    var fields = JobFields.none
    repeat {
      if !next(&fields) { return false }
      if let refusal = submit(fields, at: now, into: &effects) { refused(refusal) }
      serveMarked(at: now, into: &effects)
    } while effects.isEmpty
    return true
  }

  /// Hands the connection jobs that grabs would have got it now, and waits for nothing. The worker
  /// counts as having confirmed them.
  ///
  /// Functions that are broadcast are passed over: their jobs go to those who wait.
  ///
  /// - Parameter body: gets each of them, which it may borrow until it returns.
  /// - Returns: how many there were, at most `most`.
  public mutating func pull(
    for session: SessionID, atMost most: Int, at now: Now, into effects: inout Effects,
    _ body: (RunHandle, Assignment) -> Void
  ) -> Int {
    observe(now)
    let peer = slot(of: session)
    let record = sessions[peer]
    let most = min(most, limits.runsPerConnection - record.pointee.runs)
    var count = 0
    while count < most, !numbers.isExhausted, let job = nextInTurn(of: record, at: now) {
      unschedule(job)
      forgetRuns(of: job)
      let (run, assignment) = begin(
        job, by: peer, round: .none, under: .none, as: .accepted, at: now)
      record.pointee.hasConfirmed = true
      noteServed(jobs[job].pointee.function)
      body(RunHandle(slot: run, fence: assignment.fence), assignment)
      count += 1
      serveMarked(at: now, into: &effects)
      if !effects.isEmpty { break }
    }
    return count
  }

  /// As WORK_DONE for each run that `next` gives, or where there is none for each job; a run that
  /// is not this connection's, or is over, changes nothing.
  ///
  /// - Returns: whether `next` may have more.
  public mutating func doneDirectly(
    by session: SessionID, at now: Now, into effects: inout Effects, _ next: () -> DoneReport?
  ) -> Bool {
    observe(now)
    let peer = slot(of: session)
    repeat {
      guard let report = next() else { return false }
      if report.run.isNone {
        _ = done(.key(report.key), report.data, peer, at: now, into: &effects)
      } else if isHere(report.run, of: peer) {
        done(report.run.slot, report.data, peer, at: now, into: &effects)
      }
      serveMarked(at: now, into: &effects)
    } while effects.isEmpty
    return true
  }

  /// The due job that is next among the connection's functions, each in its turn.
  @inline(__always)
  private mutating func nextInTurn(
    of session: UnsafeMutablePointer<SessionRecord>, at now: Now
  ) -> Slot? {
    for _ in 0..<session.pointee.registrations {
      let registration = registrations[session.pointee.cursor]
      let function = registration.pointee.function
      session.pointee.cursor = registration.pointee.next
      if functions[function].pointee.isBroadcast { continue }
      if let job = firstServable(function, at: now) { return job }
    }
    return nil
  }

  /// Whether the run still is, of that connection and for a function that is still there.
  @inline(__always)
  private func isHere(_ handle: RunHandle, of peer: Slot) -> Bool {
    let run = runs[handle.slot]
    return run.pointee.fence == handle.fence && run.pointee.session == peer
      && !functions[jobs[run.pointee.job].pointee.function].pointee.isDropped
  }
}
