internal import CUV
internal import Glibc
internal import PeriodicCore

/// An address in the form of system calls.
struct SocketAddress {
  private var storage = sockaddr_storage()
  private var length: socklen_t

  /// A Unix socket's; the path has passed `Address.checkPath`.
  init(path: String) {
    length = socklen_t(MemoryLayout<sockaddr_un>.size)
    invariant(path.utf8.count <= Address.pathBytes, "a socket's path has been checked")
    storage.ss_family = sa_family_t(AF_UNIX)
    let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    withUnsafeMutableBytes(of: &storage) { raw in
      withBytes(of: path) { raw[offset...].copyBytes(from: $0) }
    }
  }

  init(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
    self.length = length
    withUnsafeMutableBytes(of: &storage) { raw in
      let size = min(raw.count, Int(length))
      raw.copyBytes(from: UnsafeRawBufferPointer(start: address, count: size))
    }
  }

  /// What a socket is bound to.
  init(boundTo descriptor: Int32) throws(LoopError) {
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
    }
    length = size
    if status != 0 { throw .last("read a socket's address") }
  }

  var family: Int32 { Int32(storage.ss_family) }

  /// The port in the machine's order; 0 for a Unix socket.
  var port: UInt16 {
    get { UInt16(bigEndian: bytes(at: 2)) }
    set {
      withUnsafeMutableBytes(of: &storage) {
        $0.storeBytes(of: newValue.bigEndian, toByteOffset: 2, as: UInt16.self)
      }
    }
  }

  private func bytes(at offset: Int) -> UInt16 {
    guard family == AF_INET || family == AF_INET6 else { return 0 }
    return withUnsafeBytes(of: storage) { $0.load(fromByteOffset: offset, as: UInt16.self) }
  }

  func with<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  /// The addresses in a list of the resolver's, in its order.
  static func all(in list: UnsafePointer<addrinfo>?) -> [SocketAddress] {
    var found: [SocketAddress] = []
    var next = list
    while let entry = next?.pointee {
      if let address = entry.ai_addr {
        found.append(SocketAddress(address, length: entry.ai_addrlen))
      }
      next = UnsafePointer(entry.ai_next)
    }
    return found
  }

  /// Looks up `host` in this thread: at once for a number, through the system's resolver for a name
  /// unless `numericOnly`, and nil for a name then.
  static func lookUp(
    host: String, port: UInt16, toListen: Bool = false, numericOnly: Bool
  ) throws(LoopError) -> [SocketAddress]? {
    var hints = SocketAddress.hints(toListen: toListen)
    if numericOnly { hints.ai_flags |= AI_NUMERICHOST }
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &list)
    defer { if let list { freeaddrinfo(list) } }
    if status == 0 { return all(in: list) }
    if numericOnly && status == EAI_NONAME { return nil }
    let code = status == EAI_SYSTEM ? -errno : resolverCode(status)
    throw LoopError(code, "look up the host \(host)")
  }

  static func hints(toListen: Bool) -> addrinfo {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | (toListen ? AI_PASSIVE : 0)
    return hints
  }

  /// libuv's number for a failure of `getaddrinfo`.
  private static func resolverCode(_ status: Int32) -> Int32 {
    switch status {
    case EAI_AGAIN: UV_EAI_AGAIN.rawValue
    case EAI_MEMORY: UV_EAI_MEMORY.rawValue
    case EAI_FAMILY: UV_EAI_FAMILY.rawValue
    case EAI_FAIL: UV_EAI_FAIL.rawValue
    default: UV_EAI_NONAME.rawValue
    }
  }
}
