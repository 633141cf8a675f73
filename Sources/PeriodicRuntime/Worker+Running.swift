public import PeriodicClient
public import PeriodicCore

/// What a worker can say of a job in hand before it reports the end. On a job that was lost with
/// its connection each of these ends as `stale`.
extension Worker {
  /// Passes a piece of data on to whoever listens to the job.
  ///
  /// - Parameter data: copied before this returns.
  @discardableResult
  public func workData(
    _ job: JobToken, _ data: Bytes, _ delivery: Delivery = .none, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try runner.request(delivery) { (core, tag, now) throws(RequestError) in
      try core.workData(job, data, tag: tag, timeout: timeout, at: now)
    }
  }

  /// Asks for a lock that at most `capacity` jobs hold at a time, 0 counting as 1.
  ///
  /// Ends as `acquired`. If the job does not get the lock it is no longer in hand: the server hands
  /// it out again when the lock is free. It must not be reported then, which throws `notHeld`; its
  /// bytes stay where they are until the next job is taken. If that answer comes
  /// after `timedOut` or `cancelled`, the job is lost as with a connection.
  @discardableResult
  public func acquire(
    lock: Bytes, capacity: UInt16, _ job: JobToken, _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try runner.request(delivery) { (core, tag, now) throws(RequestError) in
      try core.acquire(
        lock: lock, capacity: capacity, job, tag: tag, timeout: timeout, at: now)
    }
  }

  /// Gives a lock back before the job ends; the end of a run does so by itself.
  @discardableResult
  public func release(
    lock: Bytes, _ job: JobToken, _ delivery: Delivery = .none, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try runner.request(delivery) { (core, tag, now) throws(RequestError) in
      try core.release(lock: lock, job, tag: tag, timeout: timeout, at: now)
    }
  }

  /// Lets go of a job without a word to the server, which runs it again when its time is over or
  /// the connection ends. Its slot is free at once.
  public func letGo(of job: JobToken) {
    runner.change { $0.surrender(job, at: $1) }
  }

  /// Passes a piece of data on, and waits until the server has taken it.
  public func workDataAndWait(
    _ job: JobToken, _ data: Bytes, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try runner.wait { (core, tag, now) throws(RequestError) in
      try core.workData(job, data, tag: tag, timeout: timeout, at: now)
    }
  }

  /// Asks for a lock, and waits for the answer.
  public func acquireAndWait(
    lock: Bytes, capacity: UInt16, _ job: JobToken, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try runner.wait { (core, tag, now) throws(RequestError) in
      try core.acquire(
        lock: lock, capacity: capacity, job, tag: tag, timeout: timeout, at: now)
    }
  }

  /// Gives a lock back, and waits until the server has taken it.
  public func releaseAndWait(
    lock: Bytes, _ job: JobToken, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try runner.wait { (core, tag, now) throws(RequestError) in
      try core.release(lock: lock, job, tag: tag, timeout: timeout, at: now)
    }
  }
}
