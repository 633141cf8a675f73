import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicRuntime

@_cdecl("periodic_job_function") @implementation
public func periodic_job_function(
  _ job: OpaquePointer?, _ length: UnsafeMutablePointer<Int>?
) -> UnsafeRawPointer? {
  lend(job, length) { $0.key.function }
}

@_cdecl("periodic_job_name") @implementation
public func periodic_job_name(
  _ job: OpaquePointer?, _ length: UnsafeMutablePointer<Int>?
) -> UnsafeRawPointer? {
  lend(job, length) { $0.key.name }
}

@_cdecl("periodic_job_workload") @implementation
public func periodic_job_workload(
  _ job: OpaquePointer?, _ length: UnsafeMutablePointer<Int>?
) -> UnsafeRawPointer? {
  lend(job, length) { $0.workload }
}

@_cdecl("periodic_job_count") @implementation
public func periodic_job_count(_ job: OpaquePointer?) -> Int32 {
  owned(job)?.job.count ?? 0
}

@_cdecl("periodic_job_timeout_s") @implementation
public func periodic_job_timeout_s(_ job: OpaquePointer?) -> Int32 {
  owned(job)?.job.timeout ?? 0
}

@_cdecl("periodic_job_is_held") @implementation
public func periodic_job_is_held(_ job: OpaquePointer?) -> Int32 {
  guard let handle = owned(job) else { return 0 }
  return handle.worker.worker.isHeld(handle.job.token) ? 1 : 0
}

@_cdecl("periodic_job_data") @implementation
public func periodic_job_data(
  _ job: OpaquePointer?, _ data: UnsafeRawPointer?, _ data_length: Int
) -> Int32 {
  tell(job) { (worker, token) throws(RequestError) in
    guard let data = bytes(data, data_length) else { return false }
    try worker.workData(token, data)
    return true
  }
}

@_cdecl("periodic_job_acquire") @implementation
public func periodic_job_acquire(
  _ job: OpaquePointer?, _ lock: UnsafeRawPointer?, _ lock_length: Int, _ capacity: Int32,
  _ timeout_ms: Int32
) -> Int32 {
  guard let handle = borrow(job, as: JobHandle.self) else { return PERIODIC_EINVAL.rawValue }
  let owner = handle.worker.owner
  if owner.misuse != 0 { return owner.misuse }
  guard let lock = bytes(lock, lock_length), let capacity = UInt16(exactly: capacity), capacity > 0
  else {
    return owner.fail(PERIODIC_EINVAL, "the lock is NULL, or the capacity out of 1 to 65535")
  }
  do {
    let token = handle.job.token
    let outcome = try wait(handle.worker) { (delivery) throws(RequestError) in
      let timeout = time(timeout_ms)
      try handle.worker.worker.acquire(
        lock: lock, capacity: capacity, token, delivery, timeout: timeout)
    }
    if case .acquired(let isHolder) = outcome {
      if !isHolder { handle.worker.forget(handle) }
      return isHolder ? 1 : 0
    }
    // A lost connection has taken the job; reporting it makes its slot free again.
    if !handle.worker.worker.isHeld(token) { return periodic_job_fail(job) }
    return report(outcome, owner, handle.worker.worker.lastLossText)
  } catch {
    return owner.fail(Code.of(error), error.text)
  }
}

@_cdecl("periodic_job_release") @implementation
public func periodic_job_release(
  _ job: OpaquePointer?, _ lock: UnsafeRawPointer?, _ lock_length: Int
) -> Int32 {
  tell(job) { (worker, token) throws(RequestError) in
    guard let lock = bytes(lock, lock_length) else { return false }
    try worker.release(lock: lock, token)
    return true
  }
}

@_cdecl("periodic_job_done") @implementation
public func periodic_job_done(
  _ job: OpaquePointer?, _ result: UnsafeRawPointer?, _ result_length: Int
) -> Int32 {
  end(job) { (worker, token) throws(RequestError) in
    guard let data = bytes(result, result_length) else { return false }
    if worker.reportDirectly({ $0(token, data) }) != true { try worker.done(token, data: data) }
    return true
  }
}

@_cdecl("periodic_job_fail") @implementation
public func periodic_job_fail(_ job: OpaquePointer?) -> Int32 {
  end(job) { (worker, token) throws(RequestError) in
    try worker.fail(token)
    return true
  }
}

@_cdecl("periodic_job_later") @implementation
public func periodic_job_later(
  _ job: OpaquePointer?, _ delay_s: Int64, _ step: Int32
) -> Int32 {
  end(job) { (worker, token) throws(RequestError) in
    guard (0...32_767).contains(step) else { return false }
    try worker.later(token, delay: delay_s, step: UInt16(step))
    return true
  }
}

@_cdecl("periodic_job_free") @implementation
public func periodic_job_free(_ job: OpaquePointer?) -> Int32 {
  guard let handle = borrow(job, as: JobHandle.self) else { return 0 }
  if handle.worker.owner.isForked { return 0 }
  if handle.worker.owner.misuse != 0 { return handle.worker.owner.misuse }
  handle.worker.worker.letGo(of: handle.job.token)
  handle.worker.forget(handle)
  return 0
}

// MARK: Shared

/// The job, if this is the thread that may look at it.
private func owned(_ job: OpaquePointer?) -> JobHandle? {
  guard let handle = borrow(job, as: JobHandle.self), handle.worker.owner.misuse == 0 else {
    return nil
  }
  return handle
}

private func lend(
  _ job: OpaquePointer?, _ length: UnsafeMutablePointer<Int>?, _ what: (ReceivedJob) -> Bytes
) -> UnsafeRawPointer? {
  guard let handle = owned(job) else {
    length?.pointee = 0
    return nil
  }
  let bytes = what(handle.job)
  length?.pointee = bytes.count
  // An empty run may have no address; NULL is for errors.
  return bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
}

/// Says something about a job that stays in hand.
private func tell(
  _ job: OpaquePointer?, _ request: (Worker, JobToken) throws(RequestError) -> Bool
) -> Int32 {
  guard let handle = borrow(job, as: JobHandle.self) else { return PERIODIC_EINVAL.rawValue }
  let owner = handle.worker.owner
  if owner.misuse != 0 { return owner.misuse }
  guard handle.worker.worker.isHeld(handle.job.token) else {
    return owner.fail(PERIODIC_ESTALE, "the connection was lost since")
  }
  do {
    guard try request(handle.worker.worker, handle.job.token) else {
      return owner.fail(PERIODIC_EINVAL, "NULL with a length")
    }
  } catch {
    return owner.fail(Code.of(error), error.text)
  }
  return 0
}

/// Reports a job, and frees it when the report is on its way or the job is lost.
private func end(
  _ job: OpaquePointer?, _ report: (Worker, JobToken) throws(RequestError) -> Bool
) -> Int32 {
  guard let handle = borrow(job, as: JobHandle.self) else { return PERIODIC_EINVAL.rawValue }
  let owner = handle.worker.owner
  if owner.misuse != 0 { return owner.misuse }
  let isHeld = handle.worker.worker.isHeld(handle.job.token)
  do {
    guard try report(handle.worker.worker, handle.job.token) else {
      return owner.fail(PERIODIC_EINVAL, "the result is NULL, or the step out of range")
    }
  } catch {
    return owner.fail(Code.of(error), error.text)
  }
  handle.worker.forget(handle)
  return isHeld ? 0 : owner.fail(PERIODIC_ESTALE, "the connection was lost since")
}
