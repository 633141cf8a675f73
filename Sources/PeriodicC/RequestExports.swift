public import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

@_cdecl("periodic_client_start_run") @implementation
public func periodic_client_start_run(
  _ client: OpaquePointer?, _ job: UnsafePointer<periodic_job_fields>?,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request) { (client, owner, delivery) throws(RequestError) in
    guard let job, let fields = fields(job.pointee) else {
      return .failure(.init(code: PERIODIC_EINVAL, text: "the job's fields are not whole"))
    }
    return .success(try client.run(fields, delivery, timeout: time(timeout_ms)))
  }
}

@_cdecl("periodic_client_start_receive_data") @implementation
public func periodic_client_start_receive_data(
  _ client: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ name: UnsafeRawPointer?, _ name_length: Int, _ seconds: Int32,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request) { (client, owner, delivery) throws(RequestError) in
    guard let function = bytes(function, function_length), let name = bytes(name, name_length)
    else { return .failure(.init(code: PERIODIC_EINVAL, text: "a name is NULL")) }
    let key = JobKey(function: function, name: name)
    let timeout = time(timeout_ms)
    return .success(
      try client.receiveData(key, seconds: max(0, seconds), delivery, timeout: timeout))
  }
}

@_cdecl("periodic_request_next") @implementation
public func periodic_request_next(
  _ request: OpaquePointer?, _ data: UnsafeMutablePointer<UnsafeRawPointer?>?,
  _ length: UnsafeMutablePointer<Int>?, _ timeout_ms: Int32
) -> Int32 {
  data?.pointee = nil
  length?.pointee = 0
  guard let handle = borrow(request, as: RequestHandle.self) else {
    return PERIODIC_EINVAL.rawValue
  }
  let owner = handle.client.owner
  if owner.misuse != 0 { return owner.misuse }
  if !handle.hasNews {
    if !owner.loop.isRunning {
      handle.wait(timeout: time(timeout_ms))
    } else if timeout_ms != 0 {
      return PERIODIC_EDEADLK.rawValue
    }
  }
  let news = handle.take()
  if let lent = news.data {
    data?.pointee = lent.start
    length?.pointee = lent.count
  }
  if news.code < 0 { owner.lastError = news.text }
  return news.code
}

@_cdecl("periodic_request_free") @implementation
public func periodic_request_free(_ request: OpaquePointer?) -> Int32 {
  guard let handle = borrow(request, as: RequestHandle.self) else { return 0 }
  let client = handle.client
  if client.owner.isForked { return 0 }
  if client.owner.misuse != 0 { return client.owner.misuse }
  handle.drop()
  client.requests[ObjectIdentifier(handle)] = nil
  return 0
}

/// Makes a request whose answers go to a handle of its own.
private func start(
  _ client: OpaquePointer?, _ request: UnsafeMutablePointer<OpaquePointer?>?,
  _ make: (Client, LoopHandle, Delivery) throws(RequestError) -> Result<RequestID, PeriodicFailure>
) -> Int32 {
  guard let client = borrow(client, as: ClientHandle.self) else {
    return PERIODIC_EINVAL.rawValue
  }
  let owner = client.owner
  if owner.misuse != 0 { return owner.misuse }
  guard let request else { return owner.fail(PERIODIC_EINVAL, "request is NULL") }
  let handle = RequestHandle(client)
  do {
    switch try make(client.client, owner, .call { handle.hear($0) }) {
    case .failure(let failure): return owner.fail(failure.code, failure.text)
    case .success(let id): handle.id = id
    }
  } catch {
    return owner.fail(Code.of(error), error.text)
  }
  client.requests[ObjectIdentifier(handle)] = handle
  request.pointee = OpaquePointer(Unmanaged.passUnretained(handle).toOpaque())
  return 0
}
