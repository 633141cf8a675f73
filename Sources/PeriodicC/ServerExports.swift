public import CPeriodic
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

@_cdecl("periodic_server_new") @implementation
public func periodic_server_new(
  _ loop: OpaquePointer?, _ options: UnsafePointer<periodic_server_options>?,
  _ server: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  let given = options.flatMap(whole)
  let log = given.map { ServerLog($0) }
  return call(loop, LoopHandle.self) { owner in
    guard let server else { throw PeriodicFailure.invalid("server is NULL") }
    if let options, given == nil {
      throw PeriodicFailure.invalid("server options: size is \(options.pointee.size)")
    }
    let options = try serverOptions(given, log)
    return try owner.adding {
      let made = Server(owner.loop, options: options)
      do { try made.start() } catch {
        made.close()
        throw error
      }
      server.pointee = ServerHandle(owner, made).give()
    }
  }
}

@_cdecl("periodic_server_listen") @implementation
public func periodic_server_listen(
  _ server: OpaquePointer?, _ address: UnsafePointer<CChar>?,
  _ bound: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int32 {
  call(server, ServerHandle.self) { handle in
    try checkRoom("bound", bound, size)
    if handle.server.isStopping {
      throw PeriodicFailure(PERIODIC_ECLOSED, "the server has stopped, or is about to")
    }
    let text = "\(try handle.server.listen(on: try parse(address)))"
    copy(text.utf8, bound, size)
    return Int32(clamping: text.utf8.count)
  }
}

@_cdecl("periodic_server_is_ready") @implementation
public func periodic_server_is_ready(_ server: OpaquePointer?) -> Int32 {
  call(server, ServerHandle.self) { $0.server.isServing ? 1 : 0 }
}

@_cdecl("periodic_server_stop") @implementation
public func periodic_server_stop(_ server: OpaquePointer?, _ timeout_ms: Int32) -> Int32 {
  ask(server, stopping(timeout_ms))
}

@_cdecl("periodic_server_start_stop") @implementation
public func periodic_server_start_stop(
  _ server: OpaquePointer?, _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(server, request, stopping(timeout_ms))
}

private func stopping(_ timeout: Int32) -> Question<ServerHandle> {
  { $0.stop($1, timeout: try time(timeout)) }
}

@_cdecl("periodic_server_free") @implementation
public func periodic_server_free(_ server: OpaquePointer?) -> Int32 {
  free(server, ServerHandle.self) { $0.free() }
}
