import CFork
import CPeriodic
import PeriodicLoop

/// What Swift makes at its first use it makes under locks. A process that forks while another
/// thread is about it has a child in which they are taken for ever. So all of it is made before the
/// program has its first loop; a fork waits for that.
enum FirstUse {
  nonisolated(unsafe) private static var hasBeen = false

  static func happen() {
    periodic_fork_lock(PERIODIC_LOCK_FIRST_USE)
    defer { periodic_fork_unlock(PERIODIC_LOCK_FIRST_USE) }
    if hasBeen { return }
    hasBeen = !numbers().isEmpty
    guard let loop = try? Loop(), let another = try? Loop() else { return }
    let handles = (LoopHandle(loop).give(), LoopHandle(another).give())
    Rehearsal(handles.0, another: handles.1).run()
    _ = periodic_loop_free(handles.1)
    _ = periodic_loop_free(handles.0)
  }
}

/// An array of the kind that only those who listen at a socket make.
@inline(never)
private func numbers() -> [Int32] { [PERIODIC_OK.rawValue] }

/// Jobs from their submit to their end, on loops of their own, by the functions that programs call.
private struct Rehearsal {
  private let loop: OpaquePointer?
  private let another: OpaquePointer?
  private let address = "inproc:the first use of libperiodic"
  private let nowhere = "unix:///dev/null/s"
  private let patience: Int32 = 1000

  init(_ loop: OpaquePointer?, another: OpaquePointer?) {
    self.loop = loop
    self.another = another
  }

  func run() {
    var server: OpaquePointer?
    var client: OpaquePointer?
    var worker: OpaquePointer?
    var options = periodic_server_options()
    options.size = MemoryLayout<periodic_server_options>.size
    options.clients_administer = 1
    _ = periodic_server_new(loop, &options, &server)
    _ = periodic_server_listen(server, address, nil, 0)
    _ = periodic_client_new(loop, address, nil, &client)
    _ = periodic_worker_new(loop, address, 1, nil, &worker)
    work(client, worker)
    workFromAnotherLoop()
    reachNobody()
    _ = periodic_server_stop(server, 0)
    _ = periodic_worker_free(worker)
    _ = periodic_client_free(client)
    _ = periodic_server_free(server)
  }

  /// Sockets where there can be none, and the sentences of calls that fail.
  private func reachNobody() {
    var server: OpaquePointer?
    var client: OpaquePointer?
    _ = periodic_server_new(loop, nil, &server)
    _ = periodic_server_listen(server, nowhere, nil, 0)
    _ = periodic_client_new(loop, nowhere, nil, &client)
    _ = periodic_client_ping(client, 0)
    _ = periodic_loop_step(loop, -1)
    _ = periodic_client_free(client)
    _ = periodic_server_free(server)
  }

  /// What passes between two loops. They have one thread here, so that nothing can be waited for.
  private func workFromAnotherLoop() {
    var client: OpaquePointer?
    var worker: OpaquePointer?
    var request: OpaquePointer?
    var job: OpaquePointer?
    _ = periodic_client_new(another, address, nil, &client)
    _ = periodic_worker_new(another, address, 1, nil, &worker)
    withUnsafePointer(to: UInt8(ascii: "f")) { name in
      var fields = jobFields(name)
      _ = periodic_worker_can_do(worker, name, 1, 0)
      _ = periodic_client_start_ping(client, &request, patience)
      stepBoth()
      // A question to the other loop, which has no time to answer, and one that it answers later.
      _ = periodic_client_submit_many(client, &fields, 1, nil, 0)
      stepBoth()
      _ = periodic_worker_next(worker, &job, 0)
      stepBoth()
      _ = periodic_worker_next(worker, &job, 0)
      _ = periodic_job_done(job, nil, 0)
      stepBoth()
    }
    _ = periodic_request_free(request)
    _ = periodic_worker_free(worker)
    _ = periodic_client_free(client)
    stepBoth()
  }

  /// As often as an answer needs to come, and what it leads to.
  private func stepBoth() {
    for _ in 0..<4 {
      _ = periodic_loop_step(another, -1)
      _ = periodic_loop_step(loop, -1)
    }
  }

  private func work(_ client: OpaquePointer?, _ worker: OpaquePointer?) {
    var job: OpaquePointer?
    withUnsafePointer(to: UInt8(ascii: "f")) { name in
      var fields = jobFields(name)
      _ = periodic_worker_can_do(worker, name, 1, patience)
      _ = periodic_client_submit(client, &fields, patience)
      _ = periodic_worker_next(worker, &job, patience)
      _ = periodic_job_later(job, 0, 0)
      _ = periodic_client_submit_many(client, &fields, 1, nil, patience)
      _ = periodic_worker_next(worker, &job, patience)
      _ = periodic_job_done(job, nil, 0)
      _ = periodic_worker_drain(worker, patience)
      ask(client, about: &fields)
    }
  }

  private func jobFields(_ name: UnsafePointer<UInt8>) -> periodic_job_fields {
    var fields = periodic_job_fields()
    fields.size = MemoryLayout<periodic_job_fields>.size
    fields.function = UnsafeRawPointer(name)
    fields.function_length = 1
    fields.name = UnsafeRawPointer(name)
    fields.name_length = 1
    return fields
  }

  private func ask(_ client: OpaquePointer?, about fields: inout periodic_job_fields) {
    var request: OpaquePointer?
    var count = 0
    var setting: UInt32 = 0
    _ = periodic_client_ping(client, patience)
    _ = periodic_client_status(client, nil, 0, &count, patience)
    _ = periodic_client_get_setting(client, fields.function, 1, &setting, patience)
    // Many by messages, as to a server that is elsewhere.
    _ = periodic_client_start_submit_many(client, &fields, 1, &request, patience)
    _ = periodic_request_free(request)
    _ = periodic_client_start_run(client, &fields, &request, patience)
    _ = periodic_request_next(request, nil, nil, 0)
    _ = periodic_request_free(request)
    _ = periodic_client_remove(client, fields.function, 1, fields.name, 1, patience)
  }
}
