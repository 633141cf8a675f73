public import PeriodicCore

/// Calls of a peer that has its answers when they return: no message, no grab, and no reply among
/// the effects, which are what others hear of it. Each goes on until there are effects: they may
/// borrow bytes that what comes next would free. Whoever calls carries them out and calls again.
///
/// Only without a durable store: with one no answer can be given before its batch is durable. What
/// is called back must not call the engine.
extension Engine {
  /// As SUBMIT_JOB for each job; `refused` hears of those that are not kept.
  ///
  /// - Returns: how many were dealt with, from the first; all, unless there are effects.
  public mutating func submitDirectly(
    _ jobs: UnsafeBufferPointer<JobFields>, at now: Now, into effects: inout Effects,
    refused: (Int, Refusal) -> Void
  ) -> Int {
    observe(now)
    var count = 0
    while count < jobs.count, effects.isEmpty {
      if let refusal = submit(jobs[count], at: now, into: &effects) { refused(count, refusal) }
      serveMarked(at: now, into: &effects)
      count += 1
    }
    return count
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
    _ body: (RunHandle, UnsafePointer<Assignment>) -> Void
  ) -> Int {
    observe(now)
    let peer = slot(of: session)
    let record = sessions[peer]
    let most = min(most, limits.runsPerConnection - record.pointee.runs)
    var assignment = Assignment.none
    var count = 0
    while count < most, !numbers.isExhausted, let job = nextInTurn(of: record, at: now) {
      unschedule(job)
      forgetRuns(of: job)
      let run = begin(
        job, by: peer, round: .none, under: .none, as: .accepted, at: now, &assignment)
      record.pointee.hasConfirmed = true
      noteServed(jobs[job].pointee.function)
      body(RunHandle(slot: run, fence: assignment.fence), &assignment)
      count += 1
      serveMarked(at: now, into: &effects)
      if !effects.isEmpty { break }
    }
    return count
  }

  /// As WORK_DONE for each report: by its run, or where it has none by the job's names; a run that
  /// is not this connection's, or is over, changes nothing.
  ///
  /// - Returns: how many were dealt with, from the first; all, unless there are effects.
  public mutating func doneDirectly(
    by session: SessionID, _ reports: UnsafeBufferPointer<DoneReport>, at now: Now,
    into effects: inout Effects
  ) -> Int {
    observe(now)
    let peer = slot(of: session)
    var count = 0
    while count < reports.count, effects.isEmpty {
      let report = reports.baseAddress.unsafelyUnwrapped + count
      if report.pointee.run.isNone {
        _ = done(.key(report.pointee.key), report.pointee.data, peer, at: now, into: &effects)
      } else if isHere(report.pointee.run, of: peer) {
        done(report.pointee.run.slot, report.pointee.data, peer, at: now, into: &effects)
      }
      serveMarked(at: now, into: &effects)
      count += 1
    }
    return count
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
