import Glibc
import PeriodicCore
import PeriodicWire

/// A non-blocking generation 2 connection over a Unix socket.
final class Connection {
  let descriptor: Int32
  var output = ByteBuffer()
  private var input = ByteBuffer()
  private var decoder = Generation2ReplyDecoder(limit: 64 << 20)

  init(path: String, role: Role) {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { room in
      precondition(path.utf8.count < room.count, "the path fits a socket address")
      room.copyBytes(from: path.utf8)
    }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, length)
      }
    }
    guard status == 0 else {
      print("cannot connect to \(path): \(String(cString: strerror(errno)))")
      exit(1)
    }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    Generation2.encodeRegistration(role, into: &output)
    flush()
  }

  deinit { close(descriptor) }

  func send(_ command: Command, message: UInt32) {
    Generation2.encode(command, message: message, into: &output)
  }

  /// Writes what the socket takes.
  func flush() {
    while !output.isEmpty {
      let count = write(descriptor, output.bytes.baseAddress, output.count)
      if count <= 0 { return }
      output.consume(count)
    }
  }

  /// Reads what is there and shows each message.
  func receive(_ body: (ServerMessage) -> Void) {
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { room in
      while true {
        let count = read(descriptor, room.baseAddress, room.count)
        if count == 0 {
          print("the server closed the connection")
          exit(1)
        }
        if count < 0 { return }
        input.append(Bytes(start: room.baseAddress, count: count))
        decode(body)
        if count < room.count { return }
      }
    }
  }

  private func decode(_ body: (ServerMessage) -> Void) {
    while true {
      switch decoder.next(input.bytes) {
      case .needMore: return
      case .message(let message, let used):
        body(message)
        input.consume(used)
      case .violation(let violation):
        print("the server sent \(violation.text)")
        exit(1)
      }
    }
  }
}

/// Waits for any of the connections.
struct Poller {
  private var waiting: [pollfd] = []

  mutating func add(_ connection: Connection) {
    waiting.append(pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0))
  }

  /// Shows the places of the connections that have something to read.
  mutating func wait(milliseconds: Int32, _ body: (Int) -> Void) {
    guard poll(&waiting, nfds_t(waiting.count), milliseconds) > 0 else { return }
    for index in waiting.indices where waiting[index].revents != 0 { body(index) }
  }
}

/// Monotonic nanoseconds.
func nanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// CPU time of another process in microseconds, user and system.
func cpuMicroseconds(of process: Int32) -> Int64 {
  guard process > 0, let file = fopen("/proc/\(process)/stat", "r") else { return 0 }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 1024)
  guard fgets(&line, 1024, file) != nil else { return 0 }
  let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
  guard fields.count > 12, let user = Int64(fields[11]), let system = Int64(fields[12]) else {
    return 0
  }
  return (user + system) * 1_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK)))
}
