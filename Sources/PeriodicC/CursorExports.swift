public import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

@_cdecl("periodic_server_jobs") @implementation
public func periodic_server_jobs(
  _ server: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ cursor: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  call(server, ServerHandle.self) { server in
    guard let cursor, let name = bytes(function, function_length) else {
      throw PeriodicFailure.invalid("cursor is NULL, or function with a length")
    }
    if function != nil, name.isEmpty || name.count > Limits.nameBytes {
      throw RequestError.invalidName(length: name.count)
    }
    let made = CursorHandle(server, server.server.jobs(of: function == nil ? nil : Array(name)))
    server.cursors[ObjectIdentifier(made)] = made
    cursor.pointee = made.give()
    return 0
  }
}

@_cdecl("periodic_cursor_next") @implementation
public func periodic_cursor_next(
  _ cursor: OpaquePointer?, _ info: UnsafeMutablePointer<periodic_job_info>?, _ timeout_ms: Int32
) -> Int32 {
  call(cursor, CursorHandle.self) { handle in
    let timeout = try time(timeout_ms)
    if timeout != 0 { try handle.owner.checkMayDrive() }
    guard let info, info.pointee.size == MemoryLayout<periodic_job_info>.size else {
      throw PeriodicFailure.invalid("job info: NULL, or its size is not set")
    }
    guard var job = handle.cursor.next() else { return 0 }
    if timeout != 0, job.workload == nil {
      handle.server.isReading = true
      defer { handle.server.isReading = false }
      job = try handle.cursor.complete(timeout: timeout) ?? job
    }
    if handle.isFreed { throw PeriodicFailure.freed }
    handle.show(job, info)
    return 1
  }
}

@_cdecl("periodic_cursor_free") @implementation
public func periodic_cursor_free(_ cursor: OpaquePointer?) -> Int32 {
  free(cursor, CursorHandle.self) { handle in
    handle.server.cursors[ObjectIdentifier(handle)] = nil
    handle.retire()
  }
}

/// A cursor, and the bytes of the job that it came to last.
final class CursorHandle: Handle, OnLoop {
  let server: ServerHandle
  let cursor: JobCursor
  private var lent: [LentBytes] = []

  init(_ server: ServerHandle, _ cursor: JobCursor) {
    self.server = server
    self.cursor = cursor
  }

  var owner: LoopHandle { server.owner }

  func show(_ job: JobInfo, _ info: UnsafeMutablePointer<periodic_job_info>) {
    let function = LentBytes(job.function)
    let name = LentBytes(job.name)
    let workload = job.workload.map { LentBytes($0) }
    lent = [function, name] + (workload.map { [$0] } ?? [])
    info.pointee.function = function.start
    info.pointee.function_length = function.count
    info.pointee.name = name.start
    info.pointee.name_length = name.count
    info.pointee.workload = workload?.start
    info.pointee.workload_length = job.workloadLength
    info.pointee.due_ms = job.due
    switch job.standing {
    case .waiting: info.pointee.state = Int32(PERIODIC_JOB_WAITING.rawValue)
    case .running: info.pointee.state = Int32(PERIODIC_JOB_RUNNING.rawValue)
    case .locked: info.pointee.state = Int32(PERIODIC_JOB_LOCKED.rawValue)
    }
    info.pointee.count = job.count ?? -1
    info.pointee.timeout_s = job.timeout ?? -1
    info.pointee.reserved = 0
  }
}
