public import CPeriodic
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import PeriodicStore

@_cdecl("periodic_server_new") @implementation
public func periodic_server_new(
  _ loop: OpaquePointer?, _ options: UnsafePointer<periodic_server_options>?,
  _ server: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  let options = options.map(whole)
  let log = options.flatMap { ServerLog($0) }
  return call(loop, LoopHandle.self) { owner in
    guard let server else { throw PeriodicFailure.invalid("server is NULL") }
    let options = try serverOptions(options, log)
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
  { $0.stop($1, timeout: time(timeout)) }
}

@_cdecl("periodic_server_free") @implementation
public func periodic_server_free(_ server: OpaquePointer?) -> Int32 {
  free(server, ServerHandle.self) { $0.free() }
}

/// The host's log: its pointer is let go of when the last user of it is gone.
private final class ServerLog {
  private let call: periodic_log_cb?
  private let user: UnsafeMutableRawPointer?
  private let destroy: periodic_destroy_cb?

  /// `nil` where the options are not whole.
  init?(_ options: periodic_server_options) {
    guard options.size >= MemoryLayout<periodic_server_options>.offset(of: \.sync) ?? 0 else {
      return nil
    }
    call = options.log
    user = options.log_user
    destroy = options.log_destroy
  }

  deinit { destroy?(user) }

  func write(_ level: LogLevel, _ line: String) {
    var line = line
    line.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { text in
        call?(user, Int32(level.rawValue), text.baseAddress, text.count)
      }
    }
  }
}

/// The options with zero for the fields that a host compiled with an older header does not have.
private func whole(_ given: UnsafePointer<periodic_server_options>) -> periodic_server_options {
  var options = periodic_server_options()
  let size = min(given.pointee.size, MemoryLayout<periodic_server_options>.size)
  withUnsafeMutableBytes(of: &options) {
    $0.copyMemory(from: UnsafeRawBufferPointer(start: given, count: size))
  }
  return options
}

private func serverOptions(
  _ options: periodic_server_options?, _ log: ServerLog?
) throws -> ServerOptions {
  var made = ServerOptions()
  guard let given = options else { return made }
  guard let log else { throw PeriodicFailure.invalid("server options: size is \(given.size)") }
  made.log = { log.write($0, $1) }
  if given.socket_mode != 0 { made.socketFile.mode = given.socket_mode }
  if given.registration_timeout_ms != 0 {
    made.limits.registrationDeadline = Int64(given.registration_timeout_ms)
  }
  setLimits(&made.limits, given)
  made.identityFile = given.auth_file.map { String(cString: $0) }
  if let hook = given.hook.map({ String(cString: $0) }) {
    made.hook = EventHook(hook)
    if made.hook == nil {
      let text = "hook \(hook): use udp://HOST:PORT, tcp://HOST:PORT or persist"
      throw PeriodicFailure.invalid(text)
    }
  }
  if let text = given.sync.map({ String(cString: $0) }) {
    guard let sync = StoreSync(text) else {
      throw PeriodicFailure.invalid("sync \(text): use always, batch, batch:MS or off")
    }
    made.sync = sync
  }
  guard let store = given.store.map({ String(cString: $0) }), store != "memory:" else {
    return made
  }
  guard store.hasPrefix("file:"), store.utf8.count > 5 else {
    throw PeriodicFailure(PERIODIC_ENOTSUP, "store \(store): use memory: or file:PATH")
  }
  made.store = .sqlite(path: String(store.dropFirst(5)))
  return made
}

private func setLimits(_ limits: inout Limits, _ given: periodic_server_options) {
  func set(_ limit: inout Int, _ value: UInt64) { if value > 0 { limit = Int(clamping: value) } }
  set(&limits.jobs, given.max_jobs)
  set(&limits.bytes, given.max_bytes)
  set(&limits.functionJobs, given.max_function_jobs)
  set(&limits.functionBytes, given.max_function_bytes)
  set(&limits.cacheBytes, given.cache_bytes)
}
