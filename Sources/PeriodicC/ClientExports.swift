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
  call(loop, LoopHandle.self) { owner in
    guard let client else { throw PeriodicFailure.invalid("client is NULL") }
    let (address, options) = try connection(address, options)
    return try owner.adding {
      let made = Client(owner.loop, to: address, options: options)
      client.pointee = ClientHandle(owner, made, dataBytes: options.dataBytes).give()
    }
  }
}

@_cdecl("periodic_client_free") @implementation
public func periodic_client_free(_ client: OpaquePointer?) -> Int32 {
  free(client, ClientHandle.self) { $0.free() }
}

@_cdecl("periodic_client_submit") @implementation
public func periodic_client_submit(
  _ client: OpaquePointer?, _ job: UnsafePointer<periodic_job_fields>?, _ timeout_ms: Int32
) -> Int32 {
  drive(client, ClientHandle.self) { client in
    _ = try time(timeout_ms)
    client.owner.loop.yieldIfDue()
    if let job, let code = client.submitDirectly(job, 1, nil) { return code }
    let request = RequestHandle(client)
    return try client.waitForEnd(request) {
      try submission(job, timeout_ms)(client, request)
    }.code
  }
}

@_cdecl("periodic_client_start_submit") @implementation
public func periodic_client_start_submit(
  _ client: OpaquePointer?, _ job: UnsafePointer<periodic_job_fields>?,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, submission(job, timeout_ms))
}

private func submission(
  _ job: UnsafePointer<periodic_job_fields>?, _ timeout: Int32
) -> Question<ClientHandle> {
  {
    $1.id = try $0.client.submit(try fields(job), $1.delivery, timeout: time(timeout))
  }
}

@_cdecl("periodic_client_submit_many") @implementation
public func periodic_client_submit_many(
  _ client: OpaquePointer?, _ jobs: UnsafePointer<periodic_job_fields>?, _ count: Int,
  _ results: UnsafeMutablePointer<Int32>?, _ timeout_ms: Int32
) -> Int32 {
  drive(client, ClientHandle.self) { client in
    let timeout = try time(timeout_ms)
    try checkArray("jobs", jobs, count)
    client.owner.loop.yieldIfDue()
    guard let jobs, count > 0 else { return 0 }
    if let code = client.submitDirectly(jobs, count, results) { return code }
    let codes = UnsafeMutablePointer<Int32>.allocate(capacity: count)
    defer { codes.deallocate() }
    let sent = client.submitTogether(jobs, count, timeout, codes)
    if client.isFreed { throw PeriodicFailure.freed }
    if sent < count {
      try client.submitByMessages(jobs + sent, count - sent, timeout_ms, codes + sent)
    }
    results?.update(from: codes, count: count)
    return (0..<count).lazy.map { codes[$0] }.first { $0 != 0 } ?? 0
  }
}

extension ClientHandle {
  /// Submits jobs with a message for each, and waits for their codes.
  fileprivate func submitByMessages(
    _ jobs: UnsafePointer<periodic_job_fields>, _ count: Int, _ timeout: Int32,
    _ codes: UnsafeMutablePointer<Int32>
  ) throws {
    let request = RequestHandle(self)
    let end = try waitForEnd(request) {
      try submissions(jobs, count, timeout)(self, request)
    }
    let given = request.codes?.start.assumingMemoryBound(to: Int32.self)
    for index in 0..<count { codes[index] = given?[index] ?? end.code }
  }
}

@_cdecl("periodic_client_start_submit_many") @implementation
public func periodic_client_start_submit_many(
  _ client: OpaquePointer?, _ jobs: UnsafePointer<periodic_job_fields>?, _ count: Int,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, submissions(jobs, count, timeout_ms))
}

private func submissions(
  _ jobs: UnsafePointer<periodic_job_fields>?, _ count: Int, _ timeout: Int32
) -> Question<ClientHandle> {
  {
    try checkArray("jobs", jobs, count)
    let many = SubmitMany($1, $0.client, count: count, timeout: try time(timeout))
    $1.many = many
    many.begin(jobs)
  }
}

@_cdecl("periodic_client_run") @implementation
public func periodic_client_run(
  _ client: OpaquePointer?, _ job: UnsafePointer<periodic_job_fields>?,
  _ result: UnsafeMutablePointer<UnsafeRawPointer?>?, _ length: UnsafeMutablePointer<Int>?,
  _ timeout_ms: Int32
) -> Int32 {
  askAndLend(client, run(job, timeout_ms), result, length)
}

@_cdecl("periodic_client_start_run") @implementation
public func periodic_client_start_run(
  _ client: OpaquePointer?, _ job: UnsafePointer<periodic_job_fields>?,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, run(job, timeout_ms))
}

private func run(
  _ job: UnsafePointer<periodic_job_fields>?, _ timeout: Int32
) -> Question<ClientHandle> {
  {
    $1.id = try $0.client.run(try fields(job), $1.delivery, timeout: time(timeout))
  }
}

@_cdecl("periodic_client_start_receive_data") @implementation
public func periodic_client_start_receive_data(
  _ client: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ name: UnsafeRawPointer?, _ name_length: Int, _ seconds: Int32,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request) { (client: ClientHandle, request) in
    let key = JobKey(
      function: try given("function", function, function_length),
      name: try given("name", name, name_length))
    request.id = try client.client.receiveData(
      key, seconds: max(0, seconds), request.delivery, timeout: time(timeout_ms))
  }
}

@_cdecl("periodic_client_ping") @implementation
public func periodic_client_ping(_ client: OpaquePointer?, _ timeout_ms: Int32) -> Int32 {
  ask(client, ping(timeout_ms))
}

@_cdecl("periodic_client_start_ping") @implementation
public func periodic_client_start_ping(
  _ client: OpaquePointer?, _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, ping(timeout_ms))
}

private func ping(_ timeout: Int32) -> Question<ClientHandle> {
  { $1.id = try $0.client.ping($1.delivery, timeout: time(timeout)) }
}

@_cdecl("periodic_client_remove") @implementation
public func periodic_client_remove(
  _ client: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ name: UnsafeRawPointer?, _ name_length: Int, _ timeout_ms: Int32
) -> Int32 {
  ask(client, removal(function, function_length, name, name_length, timeout_ms))
}

@_cdecl("periodic_client_start_remove") @implementation
public func periodic_client_start_remove(
  _ client: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ name: UnsafeRawPointer?, _ name_length: Int,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, removal(function, function_length, name, name_length, timeout_ms))
}

private func removal(
  _ function: UnsafeRawPointer?, _ functionLength: Int, _ name: UnsafeRawPointer?,
  _ nameLength: Int, _ timeout: Int32
) -> Question<ClientHandle> {
  {
    let key = JobKey(
      function: try given("function", function, functionLength),
      name: try given("name", name, nameLength))
    $1.id = try $0.client.remove(key, $1.delivery, timeout: time(timeout))
  }
}

@_cdecl("periodic_client_drop") @implementation
public func periodic_client_drop(
  _ client: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ timeout_ms: Int32
) -> Int32 {
  ask(client, dropping(function, function_length, timeout_ms))
}

@_cdecl("periodic_client_start_drop") @implementation
public func periodic_client_start_drop(
  _ client: OpaquePointer?, _ function: UnsafeRawPointer?, _ function_length: Int,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, dropping(function, function_length, timeout_ms))
}

private func dropping(
  _ function: UnsafeRawPointer?, _ length: Int, _ timeout: Int32
) -> Question<ClientHandle> {
  {
    let name = try given("function", function, length)
    $1.id = try $0.client.drop(function: name, $1.delivery, timeout: time(timeout))
  }
}
