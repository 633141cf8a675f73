import Glibc

/// Where a server listens: the path of a Unix socket, or `tcp:PORT` on the loopback.
enum Address {
  /// A descriptor, or -1 if nobody listens there.
  static func connect(to address: String) -> Int32 { descriptor(for: address, Glibc.connect) }

  static func listen(at address: String) -> Int32 {
    unlink(address)
    let descriptor = descriptor(for: address, bind)
    guard descriptor >= 0, Glibc.listen(descriptor, 1024) == 0 else {
      quit("cannot listen at \(address): \(systemError())")
    }
    return descriptor
  }

  private static func descriptor(
    for address: String, _ act: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    address.hasPrefix("tcp:") ? internet(address.dropFirst(4), act) : local(address, act)
  }

  private static func internet(
    _ port: Substring, _ act: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    guard let number = UInt16(port) else { quit("\(port) is not a port") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = number.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    return kept(descriptor, &address, act)
  }

  private static func local(
    _ path: String, _ act: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { room in
      guard path.utf8.count < room.count else { quit("\(path) is too long for a socket") }
      room.copyBytes(from: path.utf8)
    }
    return kept(socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0), &address, act)
  }

  private static func kept<Kind>(
    _ descriptor: Int32, _ address: inout Kind,
    _ act: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        act(descriptor, $0, socklen_t(MemoryLayout<Kind>.size))
      }
    }
    if status == 0 { return descriptor }
    close(descriptor)
    return -1
  }
}

/// Says what cannot go on, and ends the program.
func quit(_ why: String) -> Never {
  let line = "bench: \(why)\n"
  _ = write(2, line, line.utf8.count)
  exit(1)
}

func systemError() -> String { String(cString: strerror(errno)) }
