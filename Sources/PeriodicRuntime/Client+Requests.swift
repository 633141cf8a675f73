public import PeriodicClient
public import PeriodicCore

/// What a client can ask. The bytes of names and workloads are copied before a call returns.
extension Client {
  /// Submits a job, or replaces the waiting job of the same function and name. `success` when the
  /// server has stored it.
  @discardableResult
  public func submit(
    _ job: JobFields, _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try request(.submit(job), delivery, timeout: timeout)
  }

  @discardableResult
  public func submit(
    _ job: Job, _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try job.withFields { (fields) throws(RequestError) in
      try submit(fields, delivery, timeout: timeout)
    }
  }

  /// Runs a job and ends as `data` with its result, or as `noWorker` if nobody can do the function.
  ///
  /// The server waits for as long as the job's time limit, 60 s if it has none. The result may also
  /// be one of its own words: `failed`, `expired` or `removed` (PROTOCOL 2.5). After `disconnected`
  /// and `timedOut` the job may still run.
  ///
  /// - Parameter timeout: `nil` is the job's time and `ConnectionOptions.requestTimeout` on top.
  @discardableResult
  public func run(
    _ job: JobFields, _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try request(.run(job), delivery, timeout: timeout)
  }

  @discardableResult
  public func run(
    _ job: Job, _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try job.withFields { (fields) throws(RequestError) in
      try run(fields, delivery, timeout: timeout)
    }
  }

  /// Listens to a job's data: a `part` for each piece that its worker sends from now on, and
  /// `success` at its end, or when the server has waited long enough; `noWorker` if nobody can do
  /// the function. The job need not exist yet.
  ///
  /// - Parameter seconds: how long the server shall let us listen; 0 and less is 60.
  /// - Parameter timeout: `nil` is those seconds and `ConnectionOptions.requestTimeout` on top.
  @discardableResult
  public func receiveData(
    _ key: JobKey, seconds: Int32 = 0, _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    let job = JobFields(key: key, timeout: max(0, seconds))
    return try request(.receiveData(job), delivery, timeout: timeout)
  }

  /// Deletes a job in whatever state it is. `success` also if there is none.
  @discardableResult
  public func remove(
    _ key: JobKey, _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try request(.remove(key), delivery, timeout: timeout)
  }

  /// Drops a function and its jobs if no worker has it. `success` either way.
  @discardableResult
  public func drop(
    function: Bytes, _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try request(.drop(function: function), delivery, timeout: timeout)
  }

  /// Asks for every function's numbers. Ends as `data`, which `FunctionStatus.list` reads.
  @discardableResult
  public func status(
    _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try request(.status, delivery, timeout: timeout)
  }

  /// Asks for a setting (PROTOCOL 2.9). Ends as `setting`, which is 0 for an unknown key.
  @discardableResult
  public func getSetting(
    key: Bytes, _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try request(.getSetting(key: key), delivery, timeout: timeout)
  }

  /// Changes a setting, at once and for good. A server ignores a key that it does not know.
  @discardableResult
  public func setSetting(
    key: Bytes, to value: UInt32, _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try request(.setSetting(key: key, value: value), delivery, timeout: timeout)
  }

  /// Asks for all jobs. Ends as `data`: a job list of generation 2 (PROTOCOL 1.2), or as `refused`
  /// if they are more than fits one frame.
  @discardableResult
  public func dump(
    _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try request(.dump, delivery, timeout: timeout)
  }

  /// Submits every job of a list such as `dump` brings. A server closes the connection of a list
  /// that is none.
  @discardableResult
  public func load(
    _ list: Bytes, _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try request(.load(list), delivery, timeout: timeout)
  }

  /// Ends the server. `success` when it has closed the connection; there is no other answer, except
  /// `noWorker` from one that does not let us.
  @discardableResult
  public func shutdown(
    _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try request(.shutdown, delivery, timeout: timeout)
  }

  /// Asks for a sign of life.
  @discardableResult
  public func ping(
    _ delivery: Delivery, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try request(.ping, delivery, timeout: timeout)
  }
}
