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
    _ assignment: UnsafePointer<Assignment>, _ run: RunHandle, at now: Now
  ) -> ReceivedJob {
    jobs.reclaim()
    let job = jobs.insert(assignment.pointee.job, slot: HeldJobs.noSlot, run: run, at: now)
    return jobs.take(job)
  }

  /// Begins to report that a job is done: by its run if it was pulled, else by its names.
  ///
  /// - Returns: false, and nothing has changed, if the job is not this worker's any more, or a
  ///   message might be too long for the result.
  public mutating func report(
    of token: JobToken, _ data: Bytes, into report: UnsafeMutablePointer<DoneReport>
  ) -> Bool {
    guard connection.fits(bytes: data.count + 2 * Limits.nameBytes),
      let job = jobs.beginReport(token)
    else { return false }
    let run = job.pointee.run
    let key = run.isNone ? job.pointee.key : .none
    report.initialize(to: DoneReport(run, key, data, tag: token.number))
    return true
  }

  /// The server has heard the first of the reports that were begun: their jobs are no longer in
  /// hand, and the others are as before.
  public mutating func reported(_ reports: UnsafeBufferPointer<DoneReport>, heard: Int) {
    for index in reports.indices {
      let job = UInt32(truncatingIfNeeded: reports[index].tag)
      jobs.endReport(job)
      if index < heard { release(job) }
    }
    if isDraining { finishDrain() }
  }
}
