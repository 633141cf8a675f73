public import PeriodicCore
import PeriodicWire

/// How runs end (PROTOCOL 2.4).
///
/// Each job taken is reported once. The report frees the job and its bytes at once, whatever the
/// answer will be; only a report that throws leaves it in hand. `success` says that the server
/// heard it; a server that had given the job to another worker meanwhile says so too, and changes
/// nothing. `disconnected`: it may or may not have been heard, and the job may run again.
extension WorkerCore {
  /// The run is over and the job with it.
  ///
  /// - Parameter data: the result, for whoever waits for it.
  public mutating func done(
    _ job: JobToken, data: Bytes = .none, tag: RequestTag = RequestTag(), timeout: Int64? = nil,
    at now: Now
  ) throws(RequestError) -> RequestID {
    let index = try admit(job, bytes: data.count)
    return report(
      index, .done(.key(jobs.key(index)), data: data), tag: tag, timeout: timeout, at: now)
  }

  /// The run failed; the server runs the job again, about a second later.
  public mutating func fail(
    _ job: JobToken, tag: RequestTag = RequestTag(), timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    let index = try admit(job, bytes: 0)
    return report(index, .fail(.key(jobs.key(index))), tag: tag, timeout: timeout, at: now)
  }

  /// The job shall run again.
  ///
  /// - Parameter delay: seconds from now; 0 or less is at once.
  /// - Parameter step: added to the job's count; at most 32,767, because some servers read more as
  ///   negative.
  public mutating func later(
    _ job: JobToken, delay: Int64, step: UInt16 = 0, tag: RequestTag = RequestTag(),
    timeout: Int64? = nil, at now: Now
  ) throws(RequestError) -> RequestID {
    let index = try admit(job, bytes: 0)
    let command = Command.later(.key(jobs.key(index)), delay: delay, step: min(step, 32_767))
    return report(index, command, tag: tag, timeout: timeout, at: now)
  }

  func admit(_ job: JobToken, bytes: Int) throws(RequestError) -> UInt32 {
    guard let index = jobs.find(job) else { throw .notHeld }
    if connection.state == .closed { return index }
    let key = jobs.key(index)
    try connection.admit(bytes: key.function.count + key.name.count + bytes)
    return index
  }

  private mutating func report(
    _ job: UInt32, _ command: Command, tag: RequestTag, timeout: Int64?, at now: Now
  ) -> RequestID {
    let id: RequestID
    if jobs.state(job) == .lost {
      id = connection.complete(tag, as: .stale)
    } else {
      id = connection.request(command, .report, tag: tag, timeout: timeout, at: now)
    }
    release(job)
    fillGrabs(at: now)
    finishDrain()
    return id
  }
}
