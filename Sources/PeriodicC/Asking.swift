import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// Makes what is asked, its outcomes going to the request. A blocking function and the one that
/// only starts the same share it.
typealias Question<Asked: AskedHandle> = (Asked, RequestHandle) throws -> Void

/// Asks, and runs the loop until the answer is there.
///
/// - Parameter take: what to do with a good one.
func ask<Asked: AskedHandle>(
  _ pointer: OpaquePointer?, _ question: Question<Asked>,
  _ take: (Asked, RequestHandle, LentBytes?) throws -> Void = { _, _, _ in }
) -> Int32 {
  drive(pointer, Asked.self) { asked in
    let request = RequestHandle(asked)
    let end = try asked.waitForEnd(request) { try question(asked, request) }
    if end.code == 0 { try take(asked, request, end.result) }
    return end.code
  }
}

/// Asks, and gives the request to the program.
func start<Asked: AskedHandle>(
  _ pointer: OpaquePointer?, _ request: UnsafeMutablePointer<OpaquePointer?>?,
  _ question: Question<Asked>
) -> Int32 {
  call(pointer, Asked.self) { asked in
    try asked.start(request) { try question(asked, $0) }
  }
}

extension AskedHandle {
  func waitForEnd(
    _ request: RequestHandle, _ begin: () throws -> Void
  ) throws -> RequestHandle.End {
    try begin()
    request.wait(timeout: .max)
    let end = request.take()
    if end.code < 0 { owner.lastError = end.text }
    return end
  }

  func start(
    _ pointer: UnsafeMutablePointer<OpaquePointer?>?, _ begin: (RequestHandle) throws -> Void
  ) throws -> Int32 {
    guard let pointer else { throw PeriodicFailure.invalid("request is NULL") }
    let request = RequestHandle(self)
    try begin(request)
    // By the host's clock, which is a callback too.
    if isFreed { throw PeriodicFailure.freed }
    keep(request)
    pointer.pointee = request.give()
    return 0
  }
}

// MARK: Arguments

/// A job as the layers below have it.
func fields(_ job: UnsafePointer<periodic_job_fields>?) throws -> JobFields {
  var fields = JobFields.none
  try fill(&fields, from: job)
  return fields
}

@inline(__always)
func fill(_ fields: inout JobFields, from job: UnsafePointer<periodic_job_fields>?) throws {
  guard let job = job?.pointee, job.size == MemoryLayout<periodic_job_fields>.size,
    job.reserved == 0, let function = bytes(job.function, job.function_length),
    let name = bytes(job.name, job.name_length),
    let workload = bytes(job.workload, job.workload_length), job.timeout_s >= 0
  else { throw PeriodicFailure.invalid("the job's fields are not whole") }
  fields = JobFields(
    key: JobKey(function: function, name: name), workload: workload, scheduledAt: job.run_at_s,
    timeout: job.timeout_s)
}

/// Bytes that must be there, by what they are.
func given(_ what: String, _ start: UnsafeRawPointer?, _ length: Int) throws -> Bytes {
  guard let bytes = bytes(start, length) else {
    throw PeriodicFailure.invalid("\(what) is NULL, or its length out of range")
  }
  return bytes
}

/// Milliseconds that may be waited; -1 is for ever.
func time(_ milliseconds: Int32) throws -> Int64 {
  if milliseconds < -1 {
    throw PeriodicFailure.invalid("timeout_ms: \(milliseconds), -1 is no limit")
  }
  return milliseconds < 0 ? .max : Int64(milliseconds)
}

/// That there is a buffer of such a size, by what it is; NULL and 0 are none.
func checkRoom(_ what: String, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) throws {
  guard size == 0 || (buffer != nil && size > 0) else {
    throw PeriodicFailure.invalid("\(what) is NULL, or its size out of range")
  }
}

/// That there may be an array of so many elements, by what it is; NULL and 0 are none.
func checkArray<Element>(
  _ what: String, _ start: UnsafePointer<Element>?, _ count: Int
) throws {
  let most = Int.max / MemoryLayout<Element>.stride
  guard count == 0 || (start != nil && (1...most).contains(count)) else {
    throw PeriodicFailure.invalid("\(what) is NULL, or the count out of range")
  }
}
