import PeriodicCore

/// How a run ends (PROTOCOL 2.4). Only the connection that holds the job is heard; anybody else
/// gets the reply that the protocol promises, and nothing changes; that reply waits for the store
/// too, because the report may repeat one that is still on its way there.
extension Engine {
  /// The job is done and goes. A worker whose lease ended may still say so until the job is handed
  /// out again.
  mutating func done(
    _ reference: RunReference, _ peer: Slot, into effects: inout Effects
  ) -> Answer {
    guard let run = findRun(reference, peer) else { return .durable(.success) }
    sessions[peer].pointee.hasFinished = true
    let job = runs[run].pointee.job
    store(.delete(jobs[job].pointee.id), into: &effects)
    deleteJob(job)
    return .durable(.success)
  }

  /// The run failed: the job is due again in a second, as often as it takes.
  mutating func fail(
    _ reference: RunReference, _ peer: Slot, at now: Now, into effects: inout Effects
  ) -> Answer {
    guard let run = findRun(reference, peer), takeReport(run, peer, at: now) else {
      return .durable(.success)
    }
    let job = runs[run].pointee.job
    endRun(run)
    putBackFailed(job, at: now, into: &effects)
    return .durable(.success)
  }

  /// Run again in `delay` seconds, at once if that is not positive.
  mutating func later(
    _ reference: RunReference, _ peer: Slot, delay: Int64, step: UInt16, at now: Now,
    into effects: inout Effects
  ) -> Answer {
    guard let run = findRun(reference, peer), takeReport(run, peer, at: now) else {
      return .durable(.success)
    }
    let job = runs[run].pointee.job
    endRun(run)
    let count = Int64(jobs[job].pointee.count) + Int64(step)
    jobs[job].pointee.count = Int32(clamping: count)
    putBack(job, delay: max(0, delay), at: now, into: &effects)
    return .durable(.success)
  }

  /// What a failed, lost or expired run does to its job.
  mutating func putBackFailed(_ job: Slot, at now: Now, into effects: inout Effects) {
    putBack(job, delay: 1, at: now, into: &effects)
  }

  /// A job that nobody holds waits anew, and the store hears of it.
  private mutating func putBack(
    _ job: Slot, delay: Int64, at now: Now, into effects: inout Effects
  ) {
    let record = jobs[job]
    record.pointee.scheduledAt = now.wallSeconds.addingSaturated(delay)
    record.pointee.due = now.wall.addingSaturated(delay.secondsInMilliseconds)
    record.pointee.sequence = nextSequence()
    store(
      .reschedule(
        record.pointee.id, scheduledAt: record.pointee.scheduledAt, due: record.pointee.due,
        count: record.pointee.count, previousRunAt: Int64(record.pointee.previousRunAt)),
      into: &effects)
    waitAgain(job, at: now, into: &effects)
  }

  /// Whether a report that puts the job back is heard: the run is held, and a report confirms it.
  private mutating func takeReport(_ run: Slot, _ peer: Slot, at now: Now) -> Bool {
    sessions[peer].pointee.hasFinished = true
    accept(run, at: now)
    return runs[run].pointee.state.isHeld
  }
}
