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
  return onLoop(loop) { owner in
    guard let server else { return owner.fail(PERIODIC_EINVAL, "server is NULL") }
    switch serverOptions(options, log) {
    case .failure(let failure): return owner.fail(failure.code, failure.text)
    case .success(let options):
      let made = Server(owner.loop, options: options)
      do throws(ServerError) {
        try made.start()
      } catch {
        made.close()
        return owner.fail(Code.of(error), error.description)
      }
      let handle = ServerHandle(owner, made)
      // A client may ask for the end as well.
      made.onStopped = { [unowned handle] in handle.end = $0 }
      server.pointee = give(handle)
      return 0
    }
  }
}

@_cdecl("periodic_server_listen") @implementation
public func periodic_server_listen(
  _ server: OpaquePointer?, _ address: UnsafePointer<CChar>?,
  _ bound: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int32 {
  onServer(server) { handle in
    if handle.server.isStopping {
      return handle.owner.fail(PERIODIC_ECLOSED, "the server has stopped, or is about to")
    }
    switch parse(address, handle.owner) {
    case .failure(let failure): return handle.owner.fail(failure.code, failure.text)
    case .success(let address):
      do throws(LoopError) {
        let text = "\(try handle.server.listen(on: address))"
        copy(text.utf8, bound, size)
        return Int32(clamping: text.utf8.count)
      } catch {
        return handle.owner.fail(Code.of(error), error.message)
      }
    }
  }
}

@_cdecl("periodic_server_is_ready") @implementation
public func periodic_server_is_ready(_ server: OpaquePointer?) -> Int32 {
  onServer(server) { $0.server.isServing ? 1 : 0 }
}

@_cdecl("periodic_server_stop") @implementation
public func periodic_server_stop(_ server: OpaquePointer?, _ timeout_ms: Int32) -> Int32 {
  onServer(server) { handle in
    let loop = handle.owner.loop
    if loop.isRunning { return PERIODIC_EDEADLK.rawValue }
    if handle.end == nil {
      handle.server.onStopped = { [unowned handle] end in
        handle.end = end
        loop.stop()
      }
      handle.server.stop(timeout: time(timeout_ms))
      while handle.end == nil { loop.run() }
    }
    switch handle.end {
    case .timedOut: return handle.owner.fail(PERIODIC_ETIMEDOUT, "connections were cut off")
    case .storeFailed(let error):
      let failure = ServerError.store(error)
      return handle.owner.fail(Code.of(failure), failure.description)
    case .graceful, nil: return 0
    }
  }
}

@_cdecl("periodic_server_free") @implementation
public func periodic_server_free(_ server: OpaquePointer?) -> Int32 {
  guard let handle = borrow(server, as: ServerHandle.self) else { return 0 }
  if handle.owner.isForked { return 0 }
  if handle.owner.misuse != 0 { return handle.owner.misuse }
  if handle.owner.loop.isRunning { return PERIODIC_EDEADLK.rawValue }
  handle.cursors = [:]
  handle.server.close()
  handle.owner.children -= 1
  takeBack(server, as: ServerHandle.self)
  return 0
}

private func onServer(_ server: OpaquePointer?, _ body: (ServerHandle) -> Int32) -> Int32 {
  guard let handle = borrow(server, as: ServerHandle.self) else {
    return PERIODIC_EINVAL.rawValue
  }
  if handle.owner.misuse != 0 { return handle.owner.misuse }
  return body(handle)
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
) -> Result<ServerOptions, PeriodicFailure> {
  var made = ServerOptions()
  guard let given = options else { return .success(made) }
  guard let log else {
    let text = "server options: size is \(given.size)"
    return .failure(.init(code: PERIODIC_EINVAL, text: text))
  }
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
      return .failure(.init(code: PERIODIC_EINVAL, text: text))
    }
  }
  if let text = given.sync.map({ String(cString: $0) }) {
    guard let sync = StoreSync(text) else {
      let text = "sync \(text): use always, batch, batch:MS or off"
      return .failure(.init(code: PERIODIC_EINVAL, text: text))
    }
    made.sync = sync
  }
  guard let store = given.store.map({ String(cString: $0) }), store != "memory:" else {
    return .success(made)
  }
  guard store.hasPrefix("file:"), store.utf8.count > 5 else {
    let text = "store \(store): use memory: or file:PATH"
    return .failure(.init(code: PERIODIC_ENOTSUP, text: text))
  }
  made.store = .sqlite(path: String(store.dropFirst(5)))
  return .success(made)
}

private func setLimits(_ limits: inout Limits, _ given: periodic_server_options) {
  func set(_ limit: inout Int, _ value: UInt64) { if value > 0 { limit = Int(clamping: value) } }
  set(&limits.jobs, given.max_jobs)
  set(&limits.bytes, given.max_bytes)
  set(&limits.functionJobs, given.max_function_jobs)
  set(&limits.functionBytes, given.max_function_bytes)
  set(&limits.cacheBytes, given.cache_bytes)
}
