import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicRuntime

@_cdecl("periodic_client_get_setting") @implementation
public func periodic_client_get_setting(
  _ client: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int,
  _ value: UnsafeMutablePointer<UInt32>?, _ timeout_ms: Int32
) -> Int32 {
  ask(client) { (handle) throws(RequestError) in
    guard let key = bytes(key, key_length) else {
      return .code(handle.owner.fail(PERIODIC_EINVAL, "key is NULL"))
    }
    let outcome = try handle.client.getSettingAndWait(key: key, timeout: time(timeout_ms))
    if case .setting(let number) = outcome { value?.pointee = number }
    return .outcome(outcome)
  }
}

@_cdecl("periodic_client_set_setting") @implementation
public func periodic_client_set_setting(
  _ client: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ value: UInt32,
  _ timeout_ms: Int32
) -> Int32 {
  ask(client) { (handle) throws(RequestError) in
    guard let key = bytes(key, key_length) else {
      return .code(handle.owner.fail(PERIODIC_EINVAL, "key is NULL"))
    }
    let timeout = time(timeout_ms)
    return .outcome(try handle.client.setSettingAndWait(key: key, to: value, timeout: timeout))
  }
}

@_cdecl("periodic_client_dump") @implementation
public func periodic_client_dump(
  _ client: OpaquePointer?, _ list: UnsafeMutablePointer<UnsafeRawPointer?>?,
  _ length: UnsafeMutablePointer<Int>?, _ timeout_ms: Int32
) -> Int32 {
  lendAnswer(client, list, length) { (handle) throws(RequestError) in
    .outcome(try handle.client.dumpAndWait(timeout: time(timeout_ms)))
  }
}

@_cdecl("periodic_client_load") @implementation
public func periodic_client_load(
  _ client: OpaquePointer?, _ list: UnsafeRawPointer?, _ length: Int, _ timeout_ms: Int32
) -> Int32 {
  ask(client) { (handle) throws(RequestError) in
    guard let list = bytes(list, length) else {
      return .code(handle.owner.fail(PERIODIC_EINVAL, "list is NULL"))
    }
    return .outcome(try handle.client.loadAndWait(list, timeout: time(timeout_ms)))
  }
}

@_cdecl("periodic_client_shutdown") @implementation
public func periodic_client_shutdown(_ client: OpaquePointer?, _ timeout_ms: Int32) -> Int32 {
  ask(client) { (handle) throws(RequestError) in
    .outcome(try handle.client.shutdownAndWait(timeout: time(timeout_ms)))
  }
}
