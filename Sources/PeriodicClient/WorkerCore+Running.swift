public import PeriodicCore
import PeriodicWire

/// What a worker says of a job while it runs (PROTOCOL 2.5, 2.6). On a job that was lost with its
/// connection each of these ends as `stale` and is not sent.
extension WorkerCore {
  /// Passes a piece of data on to whoever listens.
  public mutating func workData(
    _ job: JobToken, _ data: Bytes, tag: RequestTag = RequestTag(), timeout: Int64? = nil,
    at now: Now
  ) throws(RequestError) -> RequestID {
    try say(job, .workData, bytes: data.count, tag: tag, timeout: timeout, at: now) {
      .workData(.key($0), data: data)
    }
  }

  /// Asks for a lock. Ends as `acquired`: if the lock is full, the server keeps the job until it is
  /// free and hands it out again then; it is no longer in hand, and must not be reported. If that
  /// answer comes after `timedOut` or `cancelled`, the job is lost, and its report ends as `stale`.
  ///
  /// - Parameter capacity: how many jobs may hold the lock; 0 counts as 1.
  public mutating func acquire(
    lock: Bytes, capacity: UInt16, _ job: JobToken, tag: RequestTag = RequestTag(),
    timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    try check(lock: lock)
    let id = try say(job, .acquire, bytes: lock.count, tag: tag, timeout: timeout, at: now) {
      .acquire(lock: lock, capacity: capacity, .key($0))
    }
    connection.table.find(id: id.number)?.pointee.job = job.number
    return id
  }

  /// Gives a lock back before the job ends; the end of a run does so by itself.
  public mutating func release(
    lock: Bytes, _ job: JobToken, tag: RequestTag = RequestTag(), timeout: Int64? = nil,
    at now: Now
  ) throws(RequestError) -> RequestID {
    try check(lock: lock)
    return try say(job, .release, bytes: lock.count, tag: tag, timeout: timeout, at: now) {
      .release(lock: lock, .key($0))
    }
  }

  private func check(lock: Bytes) throws(RequestError) {
    if lock.isEmpty || lock.count > Limits.nameBytes { throw .invalidName(length: lock.count) }
  }

  private mutating func say(
    _ job: JobToken, _ kind: RequestKind, bytes: Int, tag: RequestTag, timeout: Int64?,
    at now: Now, _ command: (JobKey) -> Command
  ) throws(RequestError) -> RequestID {
    let index = try admit(job, bytes: bytes)
    if jobs.state(index) == .lost { return connection.complete(tag, as: .stale) }
    return connection.request(
      command(jobs.key(index)), kind, tag: tag, timeout: timeout, at: now)
  }
}
