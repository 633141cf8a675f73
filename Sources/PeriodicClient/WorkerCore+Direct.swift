public import PeriodicCore

/// Jobs that are taken from a server on the same loop by a call, and given back by one.
extension WorkerCore {
  /// Whether one more may be taken so. What has come by itself goes first.
  public var mayPull: Bool {
    connection.isReady && !isDraining && received.isEmpty && grabbing + jobs.count < slotLimit
  }

  /// Takes a job in and hands it over; it counts as in hand like any other.
  public mutating func pulled(_ job: JobFields, _ run: RunHandle, at now: Now) -> ReceivedJob {
    jobs.reclaim()
    return jobs.take(jobs.insert(job, slot: HeldJobs.noSlot, run: run, at: now))
  }

  /// Has the server told that a job is done, which is no longer in hand then.
  ///
  /// - Parameter bytes: of its result.
  /// - Parameter tell: is given the job's run if it was pulled, else its names.
  /// - Returns: false, and nothing happens, if the job is not this worker's any more, or a message
  ///   might be too long for it.
  public mutating func report(
    _ token: JobToken, bytes: Int, _ tell: (RunHandle, JobKey) -> Void
  ) -> Bool {
    guard let job = jobs.find(token), jobs.state(job) == .taken,
      connection.fits(bytes: bytes + 2 * Limits.nameBytes)
    else { return false }
    let run = jobs.run(job)
    tell(run, run.isNone ? jobs.key(job) : JobKey(function: .none, name: .none))
    release(job)
    if isDraining { finishDrain() }
    return true
  }
}
