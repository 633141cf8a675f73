import Glibc
import PeriodicCore

/// A non-blocking connection to a server, with what waits to be written and to be understood.
final class Link<Speech: Dialect> {
  let descriptor: Int32
  var speech: Speech
  var output = ByteBuffer()
  private var input = ByteBuffer()

  init(path: String, _ speech: Speech) {
    self.speech = speech
    descriptor = Link.connected(to: path)
    guard descriptor >= 0 else { quit("cannot connect to \(path): \(systemError())") }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    self.speech.greet(into: &output)
  }

  deinit { close(descriptor) }

  /// Whether a server listens there.
  static func answers(at path: String) -> Bool {
    let descriptor = connected(to: path)
    if descriptor >= 0 { close(descriptor) }
    return descriptor >= 0
  }

  /// Writes what the socket takes.
  func flush() {
    while !output.isEmpty {
      let count = write(descriptor, output.bytes.baseAddress, output.count)
      if count <= 0 { return }
      output.consume(count)
    }
  }

  /// Reads what is there; `each` is called for each answer that the workload counts.
  func receive(into room: UnsafeMutableRawBufferPointer, _ each: () -> Void) {
    while true {
      let count = read(descriptor, room.baseAddress, room.count)
      if count == 0 { quit("\(Speech.name) closed the connection") }
      if count < 0 { return }
      let bytes = Bytes(start: room.baseAddress, count: count)
      if input.isEmpty {
        let used = speech.receive(bytes, into: &output, each)
        input.append(Bytes(rebasing: bytes[used...]))
      } else {
        input.append(bytes)
        input.consume(speech.receive(input.bytes, into: &output, each))
      }
      if count < room.count { return }
    }
  }

  private static func connected(to path: String) -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { room in
      precondition(path.utf8.count < room.count, "the path fits a socket address")
      room.copyBytes(from: path.utf8)
    }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
    }
    if status == 0 { return descriptor }
    close(descriptor)
    return -1
  }
}

/// Says what cannot go on, and ends the program.
func quit(_ why: String) -> Never {
  note("bench: \(why)")
  endServer()
  exit(1)
}

/// Says something beside the results.
func note(_ text: String) {
  let line = text + "\n"
  _ = write(2, line, line.utf8.count)
}

func systemError() -> String { String(cString: strerror(errno)) }
