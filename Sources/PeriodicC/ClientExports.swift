public import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

@_cdecl("periodic_client_new") @implementation
public func periodic_client_new(
  _ loop: OpaquePointer?, _ address: UnsafePointer<CChar>?,
  _ options: UnsafePointer<periodic_connection_options>?,
  _ client: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  onLoop(loop) { owner in
    guard let client else { return owner.fail(PERIODIC_EINVAL, "client is NULL") }
    switch connection(address, options, owner) {
    case .failure(let failure): return owner.fail(failure.code, failure.text)
    case .success((let address, let options)):
      let made = Client(owner.loop, to: address, options: options)
      client.pointee = give(ClientHandle(owner, made, dataBytes: options.dataBytes))
      return 0
    }
  }
}

@_cdecl("periodic_client_free") @implementation
public func periodic_client_free(_ client: OpaquePointer?) -> Int32 {
  guard let handle = borrow(client, as: ClientHandle.self) else { return 0 }
  if handle.owner.isForked { return 0 }
  if handle.owner.misuse != 0 { return handle.owner.misuse }
  if handle.owner.loop.isRunning { return PERIODIC_EDEADLK.rawValue }
  handle.client.close()
  handle.requests = [:]
  handle.owner.children -= 1
  takeBack(client, as: ClientHandle.self)
  return 0
}

@_cdecl("periodic_client_submit") @implementation
public func periodic_client_submit(
  _ client: OpaquePointer?, _ job: UnsafePointer<periodic_job_fields>?, _ timeout_ms: Int32
) -> Int32 {
  ask(client) { (handle) throws(RequestError) in
    guard let job, let fields = fields(job.pointee) else {
      return .code(handle.owner.fail(PERIODIC_EINVAL, "the job's fields are not whole"))
    }
    handle.owner.loop.yieldIfDue()
    if let code = submitDirectly(handle, job, 1, nil) { return .code(code) }
    return .outcome(try handle.client.submitAndWait(fields, timeout: time(timeout_ms)))
  }
}

@_cdecl("periodic_client_submit_many") @implementation
public func periodic_client_submit_many(
  _ client: OpaquePointer?, _ jobs: UnsafePointer<periodic_job_fields>?, _ count: Int,
  _ results: UnsafeMutablePointer<Int32>?, _ timeout_ms: Int32
) -> Int32 {
  guard let handle = borrow(client, as: ClientHandle.self) else {
    return PERIODIC_EINVAL.rawValue
  }
  if handle.owner.misuse != 0 { return handle.owner.misuse }
  if handle.owner.loop.isRunning { return PERIODIC_EDEADLK.rawValue }
  guard count >= 0, count == 0 || jobs != nil else {
    return handle.owner.fail(PERIODIC_EINVAL, "jobs is NULL")
  }
  handle.owner.loop.yieldIfDue()
  if let jobs, let code = submitDirectly(handle, jobs, count, results) { return code }
  let many = ManySubmits(handle, count)
  for index in 0..<count { many.submit(jobs.unsafelyUnwrapped[index], index, time(timeout_ms)) }
  many.wait()
  for index in 0..<count { results?[index] = many.results[index] }
  return many.results.first { $0 != 0 } ?? 0
}

@_cdecl("periodic_client_run") @implementation
public func periodic_client_run(
  _ client: OpaquePointer?, _ job: UnsafePointer<periodic_job_fields>?,
  _ result: UnsafeMutablePointer<UnsafeRawPointer?>?, _ length: UnsafeMutablePointer<Int>?,
  _ timeout_ms: Int32
) -> Int32 {
  lendAnswer(client, result, length) { (handle) throws(RequestError) in
    guard let job, let fields = fields(job.pointee) else {
      return .code(handle.owner.fail(PERIODIC_EINVAL, "the job's fields are not whole"))
    }
    return .outcome(try handle.client.runAndWait(fields, timeout: time(timeout_ms)))
  }
}

@_cdecl("periodic_client_ping") @implementation
public func periodic_client_ping(_ client: OpaquePointer?, _ timeout_ms: Int32) -> Int32 {
  ask(client) { (handle) throws(RequestError) in
    .outcome(try handle.client.pingAndWait(timeout: time(timeout_ms)))
  }
}

@_cdecl("periodic_client_remove") @implementation
public func periodic_client_remove(
  _ client: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ name: UnsafeRawPointer?, _ name_length: Int, _ timeout_ms: Int32
) -> Int32 {
  ask(client) { (handle) throws(RequestError) in
    guard let function = bytes(function, function_length), let name = bytes(name, name_length)
    else { return .code(handle.owner.fail(PERIODIC_EINVAL, "a name is NULL")) }
    let key = JobKey(function: function, name: name)
    return .outcome(try handle.client.removeAndWait(key, timeout: time(timeout_ms)))
  }
}

@_cdecl("periodic_client_drop") @implementation
public func periodic_client_drop(
  _ client: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ timeout_ms: Int32
) -> Int32 {
  ask(client) { (handle) throws(RequestError) in
    guard let function = bytes(function, function_length) else {
      return .code(handle.owner.fail(PERIODIC_EINVAL, "function is NULL"))
    }
    return .outcome(try handle.client.dropAndWait(function: function, timeout: time(timeout_ms)))
  }
}

@_cdecl("periodic_client_status") @implementation
public func periodic_client_status(
  _ client: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int,
  _ length: UnsafeMutablePointer<Int>?, _ timeout_ms: Int32
) -> Int32 {
  ask(client) { (handle) throws(RequestError) in
    let outcome = try handle.client.statusAndWait(timeout: time(timeout_ms))
    guard case .data(let text) = outcome else { return .outcome(outcome) }
    copy(text, buffer, size)
    length?.pointee = text.count
    return .code(0)
  }
}

/// Submits to a server on the same loop by calls, if that can be. Returns the first code that is no
/// success.
private func submitDirectly(
  _ handle: ClientHandle, _ jobs: UnsafePointer<periodic_job_fields>, _ count: Int,
  _ results: UnsafeMutablePointer<Int32>?
) -> Int32? {
  handle.client.submitDirectly { submit in
    var first: Int32 = 0
    for index in 0..<count {
      var code: Int32 = 0
      if let fields = fields(jobs[index]) {
        do throws(RequestError) {
          let outcome = try submit(fields)
          if case .success = outcome {} else { code = report(outcome, handle.owner, nil) }
        } catch {
          code = handle.owner.fail(Code.of(error), error.text)
        }
      } else {
        code = handle.owner.fail(PERIODIC_EINVAL, "job \(index) is not whole")
      }
      results?[index] = code
      if first == 0 { first = code }
    }
    return first
  }
}

/// Submits under way together, and their codes.
private final class ManySubmits {
  private let handle: ClientHandle
  private var open = 0
  var results: [Int32]

  init(_ handle: ClientHandle, _ count: Int) {
    self.handle = handle
    results = Array(repeating: 0, count: count)
  }

  func submit(_ job: periodic_job_fields, _ index: Int, _ timeout: Int64) {
    guard let fields = fields(job) else {
      results[index] = handle.owner.fail(PERIODIC_EINVAL, "job \(index) is not whole")
      return
    }
    while true {
      do {
        try handle.client.submit(fields, .call { self.ended(index, $0) }, timeout: timeout)
        open += 1
        return
      } catch {
        // Full: those that are under way make room as they end.
        if case .full = error, open > 0 {
          handle.owner.loop.run()
        } else {
          results[index] = handle.owner.fail(Code.of(error), error.text)
          return
        }
      }
    }
  }

  func wait() {
    while open > 0 { handle.owner.loop.run() }
  }

  private func ended(_ index: Int, _ outcome: Outcome) {
    open -= 1
    results[index] = report(outcome, handle.owner, handle.client.lastLossText)
    handle.owner.loop.stop()
  }
}
