import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicRuntime

@_cdecl("periodic_client_status") @implementation
public func periodic_client_status(
  _ client: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int,
  _ length: UnsafeMutablePointer<Int>?, _ timeout_ms: Int32
) -> Int32 {
  let question: Question<ClientHandle> = {
    try checkRoom("buffer", buffer, size)
    try status(timeout_ms)($0, $1)
  }
  return ask(client, question) { _, _, text in
    guard let text else { return }
    copy(UnsafeRawBufferPointer(start: text.start, count: text.count), buffer, size)
    length?.pointee = text.count
  }
}

@_cdecl("periodic_client_start_status") @implementation
public func periodic_client_start_status(
  _ client: OpaquePointer?, _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, status(timeout_ms))
}

private func status(_ timeout: Int32) -> Question<ClientHandle> {
  { $1.id = try $0.client.status($1.delivery, timeout: time(timeout)) }
}

@_cdecl("periodic_client_get_setting") @implementation
public func periodic_client_get_setting(
  _ client: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int,
  _ value: UnsafeMutablePointer<UInt32>?, _ timeout_ms: Int32
) -> Int32 {
  ask(client, getting(key, key_length, timeout_ms)) { _, request, _ in
    if let setting = request.setting { value?.pointee = setting }
  }
}

@_cdecl("periodic_client_start_get_setting") @implementation
public func periodic_client_start_get_setting(
  _ client: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, getting(key, key_length, timeout_ms))
}

private func getting(
  _ key: UnsafeRawPointer?, _ length: Int, _ timeout: Int32
) -> Question<ClientHandle> {
  {
    let key = try given("key", key, length)
    $1.id = try $0.client.getSetting(key: key, $1.delivery, timeout: time(timeout))
  }
}

@_cdecl("periodic_client_set_setting") @implementation
public func periodic_client_set_setting(
  _ client: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ value: UInt32,
  _ timeout_ms: Int32
) -> Int32 {
  ask(client, setting(key, key_length, value, timeout_ms))
}

@_cdecl("periodic_client_start_set_setting") @implementation
public func periodic_client_start_set_setting(
  _ client: OpaquePointer?, _ key: UnsafeRawPointer?, _ key_length: Int, _ value: UInt32,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, setting(key, key_length, value, timeout_ms))
}

private func setting(
  _ key: UnsafeRawPointer?, _ length: Int, _ value: UInt32, _ timeout: Int32
) -> Question<ClientHandle> {
  {
    let key = try given("key", key, length)
    $1.id = try $0.client.setSetting(key: key, to: value, $1.delivery, timeout: time(timeout))
  }
}

@_cdecl("periodic_client_dump") @implementation
public func periodic_client_dump(
  _ client: OpaquePointer?, _ list: UnsafeMutablePointer<UnsafeRawPointer?>?,
  _ length: UnsafeMutablePointer<Int>?, _ timeout_ms: Int32
) -> Int32 {
  askAndLend(client, dump(timeout_ms), list, length)
}

@_cdecl("periodic_client_start_dump") @implementation
public func periodic_client_start_dump(
  _ client: OpaquePointer?, _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, dump(timeout_ms))
}

private func dump(_ timeout: Int32) -> Question<ClientHandle> {
  { $1.id = try $0.client.dump($1.delivery, timeout: time(timeout)) }
}

@_cdecl("periodic_client_load") @implementation
public func periodic_client_load(
  _ client: OpaquePointer?, _ list: UnsafeRawPointer?, _ length: Int, _ timeout_ms: Int32
) -> Int32 {
  ask(client, load(list, length, timeout_ms))
}

@_cdecl("periodic_client_start_load") @implementation
public func periodic_client_start_load(
  _ client: OpaquePointer?, _ list: UnsafeRawPointer?, _ length: Int,
  _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, load(list, length, timeout_ms))
}

private func load(
  _ list: UnsafeRawPointer?, _ length: Int, _ timeout: Int32
) -> Question<ClientHandle> {
  {
    let list = try given("list", list, length)
    // Its count alone is eight bytes; of what follows the server is the judge.
    if list.count < 8 { throw PeriodicFailure.invalid("a job list of \(list.count) bytes") }
    $1.id = try $0.client.load(list, $1.delivery, timeout: time(timeout))
  }
}

@_cdecl("periodic_client_shutdown") @implementation
public func periodic_client_shutdown(_ client: OpaquePointer?, _ timeout_ms: Int32) -> Int32 {
  ask(client, shutdown(timeout_ms))
}

@_cdecl("periodic_client_start_shutdown") @implementation
public func periodic_client_start_shutdown(
  _ client: OpaquePointer?, _ request: UnsafeMutablePointer<OpaquePointer?>?, _ timeout_ms: Int32
) -> Int32 {
  start(client, request, shutdown(timeout_ms))
}

private func shutdown(_ timeout: Int32) -> Question<ClientHandle> {
  { $1.id = try $0.client.shutdown($1.delivery, timeout: time(timeout)) }
}

/// A request whose answer is bytes that the client lends until the next of these.
func askAndLend(
  _ client: OpaquePointer?, _ question: Question<ClientHandle>,
  _ data: UnsafeMutablePointer<UnsafeRawPointer?>?, _ length: UnsafeMutablePointer<Int>?
) -> Int32 {
  data?.pointee = nil
  length?.pointee = 0
  return ask(client, question) { client, _, answer in
    if client.isFreed { throw PeriodicFailure.freed }
    client.lent = answer
    data?.pointee = answer?.start
    length?.pointee = answer?.count ?? 0
  }
}
