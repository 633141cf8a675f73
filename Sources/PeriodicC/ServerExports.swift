public import CPeriodic
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

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
