public import PeriodicClient
public import PeriodicCore
import PeriodicLoop

/// Requests that run the loop until they have ended. Inside a callback of the loop: `deadlock`.
extension Client {
  public func submitAndWait(
    _ job: JobFields, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try runner.wait { (core, tag, now) throws(RequestError) in
      try core.submit(job, tag: tag, timeout: timeout, at: now)
    }
  }

  public func submitAndWait(_ job: Job, timeout: Int64? = nil) throws(RequestError) -> Outcome {
    try job.withFields { (fields) throws(RequestError) in
      try submitAndWait(fields, timeout: timeout)
    }
  }

  /// Submits many jobs together, and waits for all. The outcomes are in the order of the jobs.
  ///
  /// Throws what the first job that cannot be submitted throws, after those before it have ended.
  public func submitAndWait(
    contentsOf jobs: [Job], timeout: Int64? = nil
  ) throws(RequestError) -> [Outcome] {
    if loop.isRunning { throw .deadlock }
    var outcomes = [Outcome](repeating: .cancelled, count: jobs.count)
    var submitted = 0
    var ended = 0
    var failure: RequestError?
    while failure == nil && submitted < jobs.count || ended < submitted {
      while failure == nil && submitted < jobs.count {
        let index = submitted
        do throws(RequestError) {
          try submit(
            jobs[index],
            .call { [loop] in
              outcomes[index] = $0
              ended += 1
              loop.stop()
            }, timeout: timeout)
          submitted += 1
        } catch {
          // Full: those that are under way make room as they end.
          if case .full = error, ended < submitted { break }
          failure = error
        }
      }
      if ended < submitted { loop.run() }
    }
    if let failure { throw failure }
    return outcomes
  }

  public func pingAndWait(timeout: Int64? = nil) throws(RequestError) -> Outcome {
    try runner.wait { (core, tag, now) throws(RequestError) in
      try core.ping(tag: tag, timeout: timeout, at: now)
    }
  }

  public func removeAndWait(
    _ key: JobKey, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try runner.wait { (core, tag, now) throws(RequestError) in
      try core.remove(key, tag: tag, timeout: timeout, at: now)
    }
  }

  public func dropAndWait(
    function: Bytes, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try runner.wait { (core, tag, now) throws(RequestError) in
      try core.drop(function: function, tag: tag, timeout: timeout, at: now)
    }
  }

  public func statusAndWait(timeout: Int64? = nil) throws(RequestError) -> Outcome {
    try runner.wait { (core, tag, now) throws(RequestError) in
      try core.status(tag: tag, timeout: timeout, at: now)
    }
  }

  /// Deletes a job in whatever state it is, and waits for that.
  public func removeAndWait(
    _ function: String, _ name: String, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try Job(function, name).withFields { (job) throws(RequestError) in
      try removeAndWait(job.key, timeout: timeout)
    }
  }

  /// Drops a function and its jobs if no worker has it, and waits for that.
  public func dropAndWait(
    _ function: String, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try lend(function) { (function) throws(RequestError) in
      try dropAndWait(function: function, timeout: timeout)
    }
  }
}
