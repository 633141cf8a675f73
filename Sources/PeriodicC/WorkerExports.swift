public import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

@_cdecl("periodic_worker_new") @implementation
public func periodic_worker_new(
  _ loop: OpaquePointer?, _ address: UnsafePointer<CChar>?, _ slots: Int32,
  _ options: UnsafePointer<periodic_connection_options>?,
  _ worker: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  call(loop, LoopHandle.self) { owner in
    guard let worker else { throw PeriodicFailure.invalid("worker is NULL") }
    guard (1...4096).contains(slots) else {
      throw PeriodicFailure.invalid("slots: \(slots), from 1 to 4096")
    }
    let (address, options) = try connection(address, options)
    return try owner.adding {
      let made = Worker(owner.loop, to: address, slots: Int(slots), options: options)
      worker.pointee = WorkerHandle(owner, made).give()
    }
  }
}

@_cdecl("periodic_worker_free") @implementation
public func periodic_worker_free(_ worker: OpaquePointer?) -> Int32 {
  free(worker, WorkerHandle.self) { $0.free() }
}

@_cdecl("periodic_worker_can_do") @implementation
public func periodic_worker_can_do(
  _ worker: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ timeout_ms: Int32
) -> Int32 {
  announce(worker, function, function_length, timeout_ms) {
    try $0.canDo(function: $1, $2, timeout: $3)
  }
}

@_cdecl("periodic_worker_broadcast") @implementation
public func periodic_worker_broadcast(
  _ worker: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ timeout_ms: Int32
) -> Int32 {
  announce(worker, function, function_length, timeout_ms) {
    try $0.broadcast(function: $1, $2, timeout: $3)
  }
}

@_cdecl("periodic_worker_cannot_do") @implementation
public func periodic_worker_cannot_do(
  _ worker: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ timeout_ms: Int32
) -> Int32 {
  announce(worker, function, function_length, timeout_ms) {
    try $0.cannotDo(function: $1, $2, timeout: $3)
  }
}

@_cdecl("periodic_worker_next") @implementation
public func periodic_worker_next(
  _ worker: OpaquePointer?, _ job: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  let count = periodic_worker_next_many(worker, job, 1, timeout_ms)
  return count == 1 ? 0 : count
}

@_cdecl("periodic_worker_next_many") @implementation
public func periodic_worker_next_many(
  _ worker: OpaquePointer?, _ jobs: UnsafeMutablePointer<OpaquePointer?>?, _ most: Int,
  _ timeout_ms: Int32
) -> Int32 {
  call(worker, WorkerHandle.self) { handle in
    try checkArray("jobs", jobs, most)
    guard let jobs, most > 0 else { throw PeriodicFailure.invalid("no room for a job") }
    let timeout = try time(timeout_ms)
    let mayDrive = handle.owner.depth == 1
    if timeout != 0 { try handle.owner.checkMayDrive() }
    if mayDrive { handle.owner.loop.yieldIfDue() }
    var count = handle.isFreed ? 0 : handle.takeWhatIsThere(jobs, most)
    if count == 0, mayDrive, !handle.isFreed {
      let limit = timeout == .max ? nil : timeout
      if let first = try handle.worker.next(timeout: limit), !handle.isFreed {
        jobs[0] = handle.hand(first)
        count = 1 + handle.takeWhatIsThere(jobs + 1, most - 1)
      }
    }
    if handle.isFreed { throw PeriodicFailure.freed }
    if count > 0 { return Int32(clamping: count) }
    if handle.worker.state == .closed || handle.isDraining { throw RequestError.draining }
    throw PeriodicFailure(PERIODIC_ETIMEDOUT, "no job has come")
  }
}

@_cdecl("periodic_worker_show_many") @implementation
public func periodic_worker_show_many(
  _ worker: OpaquePointer?, _ jobs: UnsafePointer<OpaquePointer?>?,
  _ infos: UnsafeMutablePointer<periodic_job_info>?, _ count: Int
) -> Int32 {
  call(worker, WorkerHandle.self) { handle in
    try checkArray("jobs", jobs, count)
    try checkArray("infos", infos, count)
    guard let jobs, let infos, count > 0 else { return 0 }
    guard infos.pointee.size == MemoryLayout<periodic_job_info>.size else {
      throw PeriodicFailure.invalid("job info: its size is \(infos.pointee.size)")
    }
    for index in 0..<count {
      guard let job = borrow(jobs[index], as: JobHandle.self), job.worker === handle else {
        if index > 0 { return Int32(clamping: index) }
        throw PeriodicFailure.invalid("not a job in this worker's hands")
      }
      infos[index] = job.info
    }
    return Int32(clamping: count)
  }
}

@_cdecl("periodic_worker_done_many") @implementation
public func periodic_worker_done_many(
  _ worker: OpaquePointer?, _ jobs: UnsafePointer<OpaquePointer?>?, _ count: Int
) -> Int32 {
  call(worker, WorkerHandle.self) { handle in
    try checkArray("jobs", jobs, count)
    guard let jobs else { return 0 }
    for index in handle.doneDirectly(jobs, count)..<count {
      let code = handle.done(jobs[index])
      if code != 0, code != PERIODIC_ESTALE.rawValue {
        return index == 0 ? code : Int32(clamping: index)
      }
    }
    return Int32(clamping: count)
  }
}

@_cdecl("periodic_worker_report_many") @implementation
public func periodic_worker_report_many(
  _ worker: OpaquePointer?, _ reports: UnsafePointer<periodic_report>?, _ count: Int
) -> Int32 {
  call(worker, WorkerHandle.self) { handle in
    try checkArray("reports", reports, count)
    guard let reports else { return 0 }
    for index in 0..<count {
      let code = handle.say(reports[index])
      if code != 0, code != PERIODIC_ESTALE.rawValue {
        return index == 0 ? code : Int32(clamping: index)
      }
    }
    return Int32(clamping: count)
  }
}

@_cdecl("periodic_worker_drain") @implementation
public func periodic_worker_drain(_ worker: OpaquePointer?, _ timeout_ms: Int32) -> Int32 {
  ask(worker, drain(timeout_ms))
}

@_cdecl("periodic_worker_start_drain") @implementation
public func periodic_worker_start_drain(
  _ worker: OpaquePointer?, _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(worker, request, drain(timeout_ms))
}

private func drain(_ timeout: Int32) -> Question<WorkerHandle> {
  {
    $1.id = try $0.worker.drain($1.delivery, timeout: time(timeout))
    $0.isDraining = true
  }
}

extension WorkerHandle {
  /// Ends a job of this worker as done.
  fileprivate func done(_ pointer: OpaquePointer?) -> Int32 {
    onOwn(pointer) { periodic_job_done(pointer, nil, 0) }
  }

  fileprivate func say(_ report: periodic_report) -> Int32 {
    guard report.size == MemoryLayout<periodic_report>.size else {
      return owner.fail(PeriodicFailure.invalid("a report's size is \(report.size)"))
    }
    return onOwn(report.job) {
      switch report.kind {
      case Int32(PERIODIC_REPORT_DONE.rawValue):
        periodic_job_done(report.job, report.data, report.data_length)
      case Int32(PERIODIC_REPORT_FAIL.rawValue): periodic_job_fail(report.job)
      case Int32(PERIODIC_REPORT_LATER.rawValue):
        periodic_job_later(report.job, report.delay_s, report.step)
      case Int32(PERIODIC_REPORT_DATA.rawValue):
        periodic_job_data(report.job, report.data, report.data_length)
      default: owner.fail(PeriodicFailure.invalid("a report's kind is \(report.kind), from 1 to 4"))
      }
    }
  }

  private func onOwn(_ pointer: OpaquePointer?, _ body: () -> Int32) -> Int32 {
    guard let job = borrow(pointer, as: JobHandle.self), job.worker === self else {
      return owner.fail(PeriodicFailure.invalid("not a job in this worker's hands"))
    }
    return body()
  }
}

/// Announces or takes back a function, and waits for the server's word if time is given.
private func announce(
  _ worker: OpaquePointer?, _ function: UnsafeRawPointer?, _ length: Int, _ timeout_ms: Int32,
  _ tell: (Worker, Bytes, Delivery, Int64?) throws -> RequestID
) -> Int32 {
  if timeout_ms != 0 {
    return ask(worker) { (worker: WorkerHandle, request) in
      let name = try given("function", function, length)
      request.id = try tell(worker.worker, name, request.delivery, time(timeout_ms))
    }
  }
  return call(worker, WorkerHandle.self) { worker in
    _ = try tell(worker.worker, try given("function", function, length), .none, nil)
    return 0
  }
}
