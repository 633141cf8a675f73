import PeriodicCore

/// How a run ends (PROTOCOL 2.4). Only the connection that holds the job is heard; anybody else
/// gets the reply that the protocol promises, and nothing changes; that reply waits for the store
/// too, because the report may repeat one that is still on its way there.
extension Engine {
  /// The job is done and goes; who waits for it gets the data. A worker whose lease ended may still
  /// say so until the job is handed out again.
  @inline(__always)
  mutating func done(
    _ reference: RunReference, _ data: Bytes, _ peer: Slot, at now: Now,
    into effects: inout Effects
  ) -> Answer {
    if let run = findRun(reference, peer) { done(run, data, peer, at: now, into: &effects) }
    return .durable(.success)
  }

  @inline(__always)
  mutating func done(
    _ run: Slot, _ data: Bytes, _ peer: Slot, at now: Now, into effects: inout Effects
  ) {
    sessions[peer].pointee.hasFinished = true
    let record = runs[run]
    let job = record.pointee.job
    let isHeld = record.pointee.state.isHeld
    // Too late, and others of its round hold the job.
    if !isHeld, jobs[job].pointee.state == .running { return }
    observeEnd(.doneJob, of: run, into: &effects)
    if isHeld, isHeldByOthers(run) {
      answerRuns(of: job, .data(data), isResult: true, into: &effects)
      leave(run, as: .done, at: now, into: &effects)
    } else {
      discard(job, .data(data), at: now, into: &effects)
    }
  }

  /// The run failed: the job is due again in a second, as often as it takes.
  mutating func fail(
    _ reference: RunReference, _ peer: Slot, at now: Now, into effects: inout Effects
  ) -> Answer {
    guard let run = findRun(reference, peer), takeReport(run, peer, at: now) else {
      return .durable(.success)
    }
    observeEnd(.failJob, of: run, into: &effects)
    leave(run, as: .failed, at: now, into: &effects)
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
    observeEnd(.schedLaterJob, of: run, into: &effects)
    leave(run, as: .later(delay: max(0, delay), step: step), at: now, into: &effects)
    return .durable(.success)
  }

  /// A held run ends, and with the last of its round the job's turn.
  mutating func leave(
    _ run: Slot, as outcome: RunOutcome, at now: Now, into effects: inout Effects
  ) {
    let job = runs[run].pointee.job
    let outcome = note(outcome, runs[run].pointee.round)
    endRun(run)
    settle(job, outcome, at: now, into: &effects)
  }

  /// What a turn does to its job, unless others hold it still.
  mutating func settle(
    _ job: Slot, _ outcome: RunOutcome, at now: Now, into effects: inout Effects
  ) {
    if jobs[job].pointee.state == .running { return }
    switch outcome {
    case .done: discard(job, .data(Word.failed.bytes), at: now, into: &effects)
    case .later(let delay, let step):
      var details = jobs[job].pointee.details
      details.count = Int32(clamping: Int64(details.count) + Int64(step))
      setDetails(of: job, details)
      putBack(job, delay: delay, at: now, into: &effects)
    case .failed: putBack(job, delay: 1, at: now, into: &effects)
    case .released:
      releaseClaims(of: job, into: &effects)
      waitAgain(job, at: now, into: &effects)
    }
  }

  @inline(__always)
  func observeEnd(_ kind: EngineEvent.Kind, of run: Slot, into effects: inout Effects) {
    guard isObserved else { return }
    let function = jobs[runs[run].pointee.job].pointee.function
    observe(
      kind, functions[function].pointee.bytes, since: runs[run].pointee.startedAt,
      into: &effects)
  }

  /// A job that nobody holds waits anew, and the store hears of it. Who waits for the result hears
  /// `failed` instead of a second run (PROTOCOL 2.5); a job that exists only for them goes.
  private mutating func putBack(
    _ job: Slot, delay: Int64, at now: Now, into effects: inout Effects
  ) {
    let record = jobs[job]
    releaseClaims(of: job, into: &effects)
    if record.pointee.isTransient, isAwaited(job) {
      return discard(job, .data(Word.failed.bytes), at: now, into: &effects)
    }
    answerRuns(of: job, .data(Word.failed.bytes), into: &effects)
    var details = record.pointee.details
    details.scheduledAt = now.wallSeconds.addingSaturated(delay)
    record.pointee.due = now.wall.addingSaturated(delay.secondsInMilliseconds)
    setDetails(of: job, details)
    record.pointee.sequence = nextSequence()
    if !record.pointee.isTransient {
      store(
        .reschedule(
          record.pointee.id, scheduledAt: details.scheduledAt, due: record.pointee.due,
          count: details.count, previousRunAt: Int64(details.previousRunAt)),
        into: &effects)
      coolLater(job)
    }
    waitAgain(job, at: now, into: &effects)
  }

  /// Whether a report that puts the job back is heard: the run is held, and a report confirms it.
  private mutating func takeReport(_ run: Slot, _ peer: Slot, at now: Now) -> Bool {
    sessions[peer].pointee.hasFinished = true
    accept(run, at: now)
    return runs[run].pointee.state.isHeld
  }
}
