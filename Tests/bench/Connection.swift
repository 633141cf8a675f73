import Glibc
import PeriodicCore
import PeriodicWire

/// A connection that speaks generation 2, for what only our daemon is asked.
final class Connection {
  let descriptor: Int32
  /// Made when it is first needed: of ten thousand connections, one is listened to.
  private lazy var poller = Poller(for: descriptor)
  private var output = ByteBuffer()
  private var input = ByteBuffer()
  private var decoder = Generation2ReplyDecoder(limit: 65 << 20)

  init(_ address: String, role: Role) {
    descriptor = Address.connect(to: address)
    guard descriptor >= 0 else { quit("cannot connect to \(address): \(systemError())") }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    Generation2.encodeRegistration(role, into: &output)
    flush()
  }

  deinit { close(descriptor) }

  func send(_ command: Command, message: UInt32) {
    Generation2.encode(command, message: message, into: &output)
    flush()
  }

  private func flush() {
    while !output.isEmpty {
      let count = write(descriptor, output.bytes.baseAddress, output.count)
      if count <= 0 { return }
      output.consume(count)
    }
  }

  /// Waits until `moment` at most, reads what is there and shows each message.
  func receive(until moment: Int64, _ body: (ServerMessage) -> Void) {
    guard poller.wait(nanoseconds: max(0, moment - nanoseconds()), { _ in }) else { return }
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { room in
      while true {
        let count = read(descriptor, room.baseAddress, room.count)
        if count == 0 { quit("the server closed the connection") }
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
      case .violation(let violation): quit("the server sent \(violation.text)")
      }
    }
  }
}
