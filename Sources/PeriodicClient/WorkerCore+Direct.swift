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

  /// The run of a job that the server still counts as this worker's; `nil` otherwise.
  public func run(of token: JobToken) -> (run: RunHandle, key: JobKey)? {
    guard let job = jobs.find(token), jobs.state(job) == .taken else { return nil }
    return (jobs.run(job), jobs.key(job))
  }

  /// The server knows that a job is done: it is no longer in hand.
  public mutating func reported(_ token: JobToken, at now: Now) {
    guard let job = jobs.find(token) else { return }
    release(job)
    finishDrain()
  }
}
