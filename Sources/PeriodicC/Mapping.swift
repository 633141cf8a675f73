import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import PeriodicStore

/// From the library's errors and outcomes to the header's codes.
enum Code {
  static func of(_ outcome: Outcome) -> Int32 {
    switch outcome {
    case .success, .data, .part, .setting, .acquired: PERIODIC_OK.rawValue
    case .overflow: PERIODIC_ELIMIT.rawValue
    case .refused: PERIODIC_EREFUSED.rawValue
    case .noWorker: PERIODIC_ENOWORKER.rawValue
    case .disconnected: PERIODIC_EDISCONNECTED.rawValue
    case .timedOut: PERIODIC_ETIMEDOUT.rawValue
    case .cancelled: PERIODIC_ECANCELED.rawValue
    case .stale: PERIODIC_ESTALE.rawValue
    }
  }

  /// What a request for the end of a server comes to.
  static func of(_ end: ServerEnd) -> RequestHandle.End {
    switch end {
    case .graceful: return .init(code: 0)
    case .timedOut:
      return .init(code: PERIODIC_ETIMEDOUT.rawValue, text: "connections were cut off")
    case .storeFailed(let error):
      let failure = PeriodicFailure(ServerError.store(error))
      return .init(code: failure.code.rawValue, text: failure.text)
    }
  }

  static func of(_ error: RequestError) -> periodic_errno {
    switch error {
    case .invalidName, .tooLarge: PERIODIC_ELIMIT
    case .full: PERIODIC_EAGAIN
    case .closed, .draining: PERIODIC_ECLOSED
    case .notHeld: PERIODIC_EINVAL
    case .deadlock: PERIODIC_EDEADLK
    }
  }

  static func of(_ error: LoopError) -> periodic_errno {
    if error.isAddressInUse { return PERIODIC_EADDRINUSE }
    switch error.name {
    case "EACCES", "EPERM", "EROFS": return PERIODIC_EACCES
    case "EINVAL", "ENAMETOOLONG", "EAI_NONAME", "EAI_NODATA", "EADDRNOTAVAIL":
      return PERIODIC_EADDRESS
    default: return PERIODIC_EIO
    }
  }

  static func of(_ error: ServerError) -> periodic_errno {
    switch error {
    case .loop(let error): of(error)
    case .options: PERIODIC_EINVAL
    case .store(let error):
      switch error.code {
      case .full: PERIODIC_EFULL
      case .busy: PERIODIC_EBUSY
      case .corrupt: PERIODIC_ECORRUPT
      case .denied: PERIODIC_EACCES
      case .failed: PERIODIC_EIO
      }
    }
  }
}

/// Times that a program may tell: what is later does not leave room for deadlines.
let times: ClosedRange<Int64> = 0...1 << 62

/// A time as the header has it, the nearest that may be told.
func nearest(_ time: periodic_time) -> Now {
  func bounded(_ time: Int64) -> Int64 { min(max(time, times.lowerBound), times.upperBound) }
  return Now(monotonic: bounded(time.monotonic_ms), wall: bounded(time.wall_ms))
}

/// Bytes as the header has them; `nil` for a NULL that claims a length, and for a length that no
/// memory has, so that the sum of several does not overflow.
func bytes(_ start: UnsafeRawPointer?, _ length: Int) -> Bytes? {
  if length < 0 || length > Int.max / 8 || (start == nil && length > 0) { return nil }
  return Bytes(start: start, count: length)
}

/// Copies text into the caller's buffer, cut to fit with a zero byte at its end.
func copy(_ text: some Collection<UInt8>, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int) {
  guard let buffer, size > 0 else { return }
  var place = 0
  for byte in text.prefix(size - 1) {
    buffer[place] = CChar(bitPattern: byte)
    place += 1
  }
  buffer[place] = 0
}

/// Parses an address.
func parse(_ text: UnsafePointer<CChar>?) throws -> Address {
  guard let text else { throw PeriodicFailure.invalid("address is NULL") }
  do {
    return try Address(String(cString: text))
  } catch {
    throw PeriodicFailure(PERIODIC_EADDRESS, error.message)
  }
}

/// Where a client or worker connects to, and how.
func connection(
  _ address: UnsafePointer<CChar>?, _ options: UnsafePointer<periodic_connection_options>?
) throws -> (Address, ConnectionOptions) {
  let address = try parse(address)
  var made = ConnectionOptions()
  guard let given = options?.pointee else { return (address, made) }
  guard given.size == MemoryLayout<periodic_connection_options>.size,
    let identity = bytes(given.identity, given.identity_length),
    let token = bytes(given.token, given.token_length)
  else { throw PeriodicFailure.invalid("connection options are not whole") }
  if !identity.isEmpty || !token.isEmpty {
    guard identity.count + token.count <= Credentials.longest,
      let credentials = Credentials(name: Array(identity), token: Array(token))
    else {
      let text = "credentials: both or neither, at most \(Credentials.longest) bytes"
      throw PeriodicFailure.invalid(text)
    }
    made.credentials = credentials
  }
  try ConnectionOption.dataBytes.set(&made, given.data_bytes, on: .field)
  return (address, made)
}
