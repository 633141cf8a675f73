public import PeriodicClient
public import PeriodicCore
import PeriodicLoop

/// Requests that run the loop until they have ended. Inside a callback of the loop: `deadlock`.
extension Client {
  public func submitAndWait(
    _ job: JobFields, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try wait(for: .submit(job), timeout: timeout)
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
              loop.endWait()
            }, timeout: timeout)
          submitted += 1
        } catch {
          // Full: those that are under way make room as they end.
          if case .full = error, ended < submitted { break }
          failure = error
        }
      }
      if ended < submitted { loop.wait() }
    }
    if let failure { throw failure }
    return outcomes
  }

  public func pingAndWait(timeout: Int64? = nil) throws(RequestError) -> Outcome {
    try wait(for: .ping, timeout: timeout)
  }

  public func removeAndWait(
    _ key: JobKey, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try wait(for: .remove(key), timeout: timeout)
  }

  public func dropAndWait(
    function: Bytes, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try wait(for: .drop(function: function), timeout: timeout)
  }

  public func statusAndWait(timeout: Int64? = nil) throws(RequestError) -> Outcome {
    try wait(for: .status, timeout: timeout)
  }

  public func runAndWait(
    _ job: JobFields, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try wait(for: .run(job), timeout: timeout)
  }

  public func runAndWait(_ job: Job, timeout: Int64? = nil) throws(RequestError) -> Outcome {
    try job.withFields { (fields) throws(RequestError) in
      try runAndWait(fields, timeout: timeout)
    }
  }

  /// - Parameter onPart: called with each piece of data, on the loop.
  public func receiveDataAndWait(
    _ key: JobKey, seconds: Int32 = 0, timeout: Int64? = nil,
    onPart: @escaping ([UInt8]) -> Void
  ) throws(RequestError) -> Outcome {
    let job = JobFields(key: key, timeout: max(0, seconds))
    return try wait(for: .receiveData(job), timeout: timeout, onPart: onPart)
  }

  public func getSettingAndWait(
    key: Bytes, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try wait(for: .getSetting(key: key), timeout: timeout)
  }

  public func setSettingAndWait(
    key: Bytes, to value: UInt32, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try wait(for: .setSetting(key: key, value: value), timeout: timeout)
  }

  public func dumpAndWait(timeout: Int64? = nil) throws(RequestError) -> Outcome {
    try wait(for: .dump, timeout: timeout)
  }

  public func loadAndWait(_ list: Bytes, timeout: Int64? = nil) throws(RequestError) -> Outcome {
    try wait(for: .load(list), timeout: timeout)
  }

  public func shutdownAndWait(timeout: Int64? = nil) throws(RequestError) -> Outcome {
    try wait(for: .shutdown, timeout: timeout)
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
