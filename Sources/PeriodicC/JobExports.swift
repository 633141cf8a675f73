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
  tell(job) { worker, token in
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
  drive(job, JobHandle.self) { handle in
    let worker = handle.worker
    let request = RequestHandle(worker)
    let end = try worker.waitForEnd(request) {
      try acquire(handle, lock, lock_length, capacity, timeout_ms, request)
    }
    if end.code == 0 { return 1 }
    return end.code == PERIODIC_EBUSY.rawValue ? 0 : end.code
  }
}

@_cdecl("periodic_job_start_acquire") @implementation
public func periodic_job_start_acquire(
  _ job: OpaquePointer?, _ lock: UnsafeRawPointer?, _ lock_length: Int, _ capacity: Int32,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  call(job, JobHandle.self) { handle in
    try handle.worker.start(request) {
      try acquire(handle, lock, lock_length, capacity, timeout_ms, $0)
    }
  }
}

/// Asks for a lock. The answer may take the job away, which then is freed, if nobody did so before.
private func acquire(
  _ handle: JobHandle, _ lock: UnsafeRawPointer?, _ length: Int, _ capacity: Int32,
  _ timeout: Int32, _ request: RequestHandle
) throws {
  guard let lock = bytes(lock, length), let capacity = UInt16(exactly: capacity), capacity > 0
  else { throw PeriodicFailure.invalid("the lock is NULL, or the capacity out of 1 to 65535") }
  let worker = handle.worker
  let token = handle.job.token
  request.id = try worker.worker.acquire(
    lock: lock, capacity: capacity, token, request.delivery, timeout: time(timeout))
  request.atEnd = { outcome in
    guard !handle.isFreed, handle.job.token == token else {
      let failure = PeriodicFailure.freed
      return .init(code: failure.code.rawValue, text: failure.text)
    }
    if case .acquired(let isHolder) = outcome {
      if isHolder { return nil }
      worker.end(handle)
      return .init(code: PERIODIC_EBUSY.rawValue, text: "other jobs hold the lock")
    }
    if worker.worker.isHeld(token) { return nil }
    // A lost connection has taken the job; reporting it makes its slot free again.
    _ = try? worker.worker.fail(token)
    worker.end(handle)
    return .init(code: PERIODIC_ESTALE.rawValue, text: "the connection was lost since")
  }
}

@_cdecl("periodic_job_release") @implementation
public func periodic_job_release(
  _ job: OpaquePointer?, _ lock: UnsafeRawPointer?, _ lock_length: Int
) -> Int32 {
  tell(job) { worker, token in
    guard let lock = bytes(lock, lock_length) else { return false }
    try worker.release(lock: lock, token)
    return true
  }
}

@_cdecl("periodic_job_done") @implementation
public func periodic_job_done(
  _ job: OpaquePointer?, _ result: UnsafeRawPointer?, _ result_length: Int
) -> Int32 {
  end(job) { worker, token in
    guard let data = bytes(result, result_length) else { return false }
    if worker.reportDirectly(1, { _ in (token, data) }) != 1 {
      try worker.done(token, data: data)
    }
    return true
  }
}

@_cdecl("periodic_job_fail") @implementation
public func periodic_job_fail(_ job: OpaquePointer?) -> Int32 {
  end(job) { worker, token in
    try worker.fail(token)
    return true
  }
}

@_cdecl("periodic_job_later") @implementation
public func periodic_job_later(
  _ job: OpaquePointer?, _ delay_s: Int64, _ step: Int32
) -> Int32 {
  end(job) { worker, token in
    guard (0...32_767).contains(step) else { return false }
    try worker.later(token, delay: delay_s, step: UInt16(step))
    return true
  }
}

@_cdecl("periodic_job_free") @implementation
public func periodic_job_free(_ job: OpaquePointer?) -> Int32 {
  free(job, JobHandle.self) { handle in
    handle.worker.worker.letGo(of: handle.job.token)
    handle.worker.end(handle)
  }
}

// MARK: Shared

extension JobHandle {
  /// What the calls above tell, at once; the bytes are the job's.
  var info: periodic_job_info {
    .init(
      size: MemoryLayout<periodic_job_info>.size,
      function: job.key.function.baseAddress, function_length: job.key.function.count,
      name: job.key.name.baseAddress, name_length: job.key.name.count,
      workload: address(job.workload), workload_length: job.workload.count,
      due_ms: 0, state: Int32(PERIODIC_JOB_RUNNING.rawValue), count: job.count,
      timeout_s: job.timeout, reserved: 0)
  }
}

/// An empty run may have no address; NULL is for what is not there.
private func address(_ bytes: Bytes) -> UnsafeRawPointer {
  bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
}

/// The job, if this is a place where the program may look at it.
private func owned(_ job: OpaquePointer?) -> JobHandle? {
  guard let handle = borrow(job, as: JobHandle.self), handle.owner.misuse == 0,
    !handle.owner.isAsking
  else { return nil }
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
  return address(bytes)
}

/// Says something about a job that stays in hand.
private func tell(
  _ job: OpaquePointer?, _ request: (Worker, JobToken) throws -> Bool
) -> Int32 {
  call(job, JobHandle.self) { handle in
    guard handle.worker.worker.isHeld(handle.job.token) else { throw stale }
    guard try request(handle.worker.worker, handle.job.token) else {
      throw PeriodicFailure.invalid("NULL with a length")
    }
    return 0
  }
}

/// Reports a job, and frees it when the report is on its way or the job is lost.
@inline(__always)
private func end(
  _ job: OpaquePointer?, _ report: (Worker, JobToken) throws -> Bool
) -> Int32 {
  call(job, JobHandle.self) { handle in
    let isHeld = handle.worker.worker.isHeld(handle.job.token)
    guard try report(handle.worker.worker, handle.job.token) else {
      throw PeriodicFailure.invalid("the result is NULL, or the step out of range")
    }
    handle.worker.end(handle)
    return isHeld ? 0 : handle.owner.fail(stale)
  }
}

private let stale = PeriodicFailure(PERIODIC_ESTALE, "the connection was lost since")
