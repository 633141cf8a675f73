public import PeriodicCore

/// Jobs that are taken from a server on the same loop by a call, and given back by one.
extension WorkerCore {
  /// How many may be taken so. What has come by itself goes first.
  public var pullable: Int {
    let isWilling = connection.isReady && !isDraining && received.isEmpty
    return isWilling ? max(0, slotLimit - grabbing - jobs.count) : 0
  }

  /// Takes a job in and hands it over; it counts as in hand like any other.
  public mutating func pulled(
    _ assignment: Assignment, _ run: RunHandle, at now: Now
  ) -> ReceivedJob {
    jobs.reclaim()
    return jobs.take(jobs.insert(assignment.job, slot: HeldJobs.noSlot, run: run, at: now))
  }

  /// What tells the server that a job is done: by its run if it was pulled, else by its names.
  ///
  /// - Returns: `nil` if the job is not this worker's any more, or a message might be too long for
  ///   the result.
  public func report(of token: JobToken, _ data: Bytes) -> DoneReport? {
    guard let job = jobs.find(token), jobs.state(job) == .taken,
      connection.fits(bytes: data.count + 2 * Limits.nameBytes)
    else { return nil }
    let run = jobs.run(job)
    return DoneReport(run, run.isNone ? jobs.key(job) : .none, data)
  }

  /// The server has been told that a job is done: it is no longer in hand.
  public mutating func reported(_ token: JobToken) {
    guard let job = jobs.find(token) else { return }
    release(job)
    if isDraining { finishDrain() }
  }
}
