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

  /// What names a job to the server: its run if it was pulled, else its names.
  ///
  /// - Parameter bytes: of its result.
  /// - Returns: `nil` if the job is not this worker's any more, or a message might be too long for
  ///   the result.
  public func run(of token: JobToken, bytes: Int) -> (run: RunHandle, key: JobKey)? {
    guard let job = jobs.find(token), jobs.state(job) == .taken,
      connection.fits(bytes: bytes + 2 * Limits.nameBytes)
    else { return nil }
    let run = jobs.run(job)
    return (run, run.isNone ? jobs.key(job) : JobKey(function: .none, name: .none))
  }

  /// The server has been told that a job is done: it is no longer in hand.
  public mutating func reported(_ token: JobToken) {
    guard let job = jobs.find(token) else { return }
    release(job)
    if isDraining { finishDrain() }
  }
}
