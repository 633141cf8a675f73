import CPeriodic
import PeriodicRuntime

/// The host's log: its pointer is let go of when the last user of it is gone.
final class ServerLog {
  private let call: periodic_log_cb?
  private let user: UnsafeMutableRawPointer?
  private let destroy: periodic_destroy_cb?

  init(_ options: periodic_server_options) {
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

/// The options with zero for the fields that a host compiled with an older header does not have;
/// `nil` if they end elsewhere than behind `log_destroy` or a later field.
func whole(_ given: UnsafePointer<periodic_server_options>) -> periodic_server_options? {
  var options = periodic_server_options()
  let size = given.pointee.size
  let least = MemoryLayout<periodic_server_options>.offset(of: \.sync) ?? 0
  guard (least...MemoryLayout<periodic_server_options>.size).contains(size),
    size.isMultiple(of: MemoryLayout<periodic_server_options>.alignment)
  else { return nil }
  withUnsafeMutableBytes(of: &options) {
    $0.copyMemory(from: UnsafeRawBufferPointer(start: given, count: size))
  }
  return options
}

/// What a server is told, by the table of options; its checks are those of the daemon.
func serverOptions(
  _ given: periodic_server_options?, _ log: ServerLog?
) throws -> ServerOptions {
  var made = ServerOptions()
  guard let given, let log else { return made }
  made.log = { log.write($0, $1) }
  try setTexts(of: &made, given)
  try setNumbers(of: &made, given)
  do { try set(&made, .store, given.store) } catch {
    throw PeriodicFailure(PERIODIC_ENOTSUP, error.description)
  }
  return made
}

private func setTexts(
  of made: inout ServerOptions, _ given: periodic_server_options
) throws(OptionError) {
  try set(&made, .authFile, given.auth_file)
  try set(&made, .hook, given.hook)
  try set(&made, .sync, given.sync)
  try set(&made, .socketOwner, given.socket_owner)
}

private func setNumbers(
  of made: inout ServerOptions, _ given: periodic_server_options
) throws(OptionError) {
  try ServerOption.socketMode.set(&made, given.socket_mode, on: .field)
  try ServerOption.registrationDeadline.set(&made, given.registration_timeout_ms, on: .field)
  try ServerOption.maxJobs.set(&made, given.max_jobs, on: .field)
  try ServerOption.maxBytes.set(&made, given.max_bytes, on: .field)
  try ServerOption.maxFunctionJobs.set(&made, given.max_function_jobs, on: .field)
  try ServerOption.maxFunctionBytes.set(&made, given.max_function_bytes, on: .field)
  try ServerOption.cache.set(&made, given.cache_bytes, on: .field)
  try ServerOption.reserve.set(&made, given.reserve_bytes, on: .field)
  try ServerOption.idleTimeout.set(&made, given.idle_timeout_s, on: .field)
  try ServerOption.clientsAdminister.set(&made, given.clients_administer, on: .field)
  try ServerOption.hookQueue.set(&made, given.hook_queue, on: .field)
  try ServerOption.hookLogInterval.set(&made, given.hook_drop_log_every, on: .field)
}

/// NULL leaves the default.
private func set(
  _ made: inout ServerOptions, _ row: ServerOption, _ text: UnsafePointer<CChar>?
) throws(OptionError) {
  if let text { try row.set(&made, String(cString: text), on: .field) }
}
