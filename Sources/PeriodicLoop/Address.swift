internal import CUV
internal import PeriodicCore

/// Where a server listens or a client connects, in the notation of PROTOCOL 1.1.
///
/// `tcp://host:port`, `tcp://[::1]:5000`, `tcp://:port` (every interface to listen on, this machine
/// to connect to), `unix:///path`, and `inproc:name`, which is another part of this process.
/// There is no other scheme.
public enum Address: Hashable, Sendable, CustomStringConvertible {
  /// A name or number without brackets, and a port in the machine's order. An empty host is every
  /// interface; port 0 lets the system choose one to listen on.
  case tcp(host: String, port: UInt16)
  /// A file path of at most 107 bytes.
  case unix(path: String)
  /// A name that holds in this process only: 1 to 255 bytes.
  case inproc(name: String)

  /// Bytes of a Unix socket's path, which the system bounds.
  public static let pathBytes = 107
  /// Bytes of an `inproc:` name.
  public static let nameBytes = 255

  public init(_ text: String) throws(LoopError) {
    if let rest = Address.rest(of: text, after: "tcp://") {
      self = try Address.tcp(rest, text)
    } else if let path = Address.rest(of: text, after: "unix://") {
      self = .unix(path: String(path))
      try checkPath()
    } else if let name = Address.rest(of: text, after: "inproc:") {
      self = .inproc(name: String(name))
      try checkName()
    } else {
      throw Address.malformed(text, "it starts with none of tcp://, unix:// and inproc:")
    }
  }

  public var description: String {
    switch self {
    case .unix(let path): "unix://\(path)"
    case .inproc(let name): "inproc:\(name)"
    case .tcp(let host, let port):
      host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
    }
  }

  /// Refuses a path that the system could not bind, or would cut short.
  func checkPath() throws(LoopError) {
    guard case .unix(let path) = self else { return }
    if !path.hasPrefix("/") { throw Address.malformed("\(self)", "the path is not absolute") }
    if path.utf8.contains(0) { throw Address.malformed("\(self)", "the path holds a zero byte") }
    if path.utf8.count > Address.pathBytes {
      throw LoopError(
        UV_ENAMETOOLONG.rawValue,
        saying: "address \(self): the path has \(path.utf8.count) bytes; "
          + "a socket's has at most \(Address.pathBytes)")
    }
  }

  func checkName() throws(LoopError) {
    guard case .inproc(let name) = self else { return }
    if name.isEmpty { throw Address.malformed("\(self)", "it has no name") }
    if name.utf8.count > Address.nameBytes {
      throw Address.malformed("\(self)", "a name has at most \(Address.nameBytes) bytes")
    }
  }

  private static func tcp(_ rest: Substring, _ text: String) throws(LoopError) -> Address {
    guard let colon = rest.lastIndex(of: ":") else { throw malformed(text, "it has no port") }
    let digits = rest[rest.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      let port = UInt16(digits)
    else { throw malformed(text, "the port is not a number from 0 to 65535") }
    var host = rest[..<colon]
    if host.hasPrefix("[") {
      guard host.hasSuffix("]"), host.count > 2 else { throw malformed(text, "a bracket is open") }
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw malformed(text, "an IPv6 host stands in brackets")
    }
    let isPlain = host.utf8.allSatisfy { $0 > 0x20 && $0 != 0x2f && $0 != 0x7f }
    guard isPlain, !host.contains("["), !host.contains("]") else {
      throw malformed(text, "the host is not a name or number")
    }
    return .tcp(host: String(host), port: port)
  }

  private static func rest(of text: String, after prefix: String) -> Substring? {
    text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : nil
  }

  private static func malformed(_ text: String, _ why: String) -> LoopError {
    LoopError(UV_EINVAL.rawValue, saying: "address \(text): \(why)")
  }
}

extension Address {
  /// Whether only this machine can reach it: a Unix socket, or a loopback number or name.
  public var isLocal: Bool {
    switch self {
    case .unix, .inproc: true
    case .tcp(let host, _):
      host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
  }
}
