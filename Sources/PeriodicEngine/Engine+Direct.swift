public import PeriodicCore

/// Calls of a peer that has its answer when they return: no message, no grab, and no reply among
/// the effects, which are what others hear of it.
///
/// Only without a durable store: with one no answer can be given before its batch is durable.
extension Engine {
  /// As SUBMIT_JOB.
  public mutating func submitDirectly(
    _ fields: JobFields, at now: Now, into effects: inout Effects
  ) -> Reply {
    observe(now)
    let answer = submit(fields, at: now, into: &effects)
    serveMarked(at: now, into: &effects)
    return reply(of: answer)
  }

  /// Hands the connection the job that a grab would have got it now, and waits for nothing. The
  /// worker counts as having confirmed it.
  ///
  /// Functions that are broadcast are passed over: their jobs go to those who wait.
  public mutating func pull(
    for session: SessionID, at now: Now, into effects: inout Effects
  ) -> (run: RunHandle, assignment: Assignment)? {
    observe(now)
    let peer = slot(of: session)
    let record = sessions[peer]
    if record.pointee.runs >= limits.runsPerConnection || numbers.isExhausted { return nil }
    for _ in 0..<record.pointee.registrations {
      let registration = record.pointee.cursor
      let function = registrations[registration].pointee.function
      record.pointee.cursor = registrations[registration].pointee.next
      if functions[function].pointee.isBroadcast { continue }
      guard let job = firstServable(function, at: now) else { continue }
      unschedule(job)
      forgetRuns(of: job)
      let (run, assignment) = begin(
        job, by: peer, round: .none, under: .none, as: .accepted, at: now)
      record.pointee.hasConfirmed = true
      noteServed(function)
      serveMarked(at: now, into: &effects)
      return (RunHandle(slot: run, fence: assignment.fence), assignment)
    }
    return nil
  }

  /// As WORK_DONE for a run of this connection; one that is over changes nothing.
  public mutating func doneDirectly(
    _ handle: RunHandle, _ data: Bytes, by session: SessionID, at now: Now,
    into effects: inout Effects
  ) {
    observe(now)
    let peer = slot(of: session)
    if handle.isNone { return }
    let run = runs[handle.slot]
    guard run.pointee.fence == handle.fence, run.pointee.session == peer,
      !functions[jobs[run.pointee.job].pointee.function].pointee.isDropped
    else { return }
    done(handle.slot, data, peer, at: now, into: &effects)
    serveMarked(at: now, into: &effects)
  }

  /// As WORK_DONE by a job's names.
  public mutating func doneDirectly(
    _ key: JobKey, _ data: Bytes, by session: SessionID, at now: Now, into effects: inout Effects
  ) {
    observe(now)
    _ = done(.key(key), data, slot(of: session), at: now, into: &effects)
    serveMarked(at: now, into: &effects)
  }

  private func reply(of answer: Answer) -> Reply {
    switch answer {
    case .now(let reply), .durable(let reply): reply
    }
  }
}
