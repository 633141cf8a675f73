import Glibc
import PeriodicCore
import PeriodicLoop
import Testing

@Suite struct `A datagram socket` {
  /// A bound socket of the system's, and its port.
  private func receiver() throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, size) + getsockname(descriptor, address, &size)
      }
    }
    try #require(status == 0)
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  @Test func `says when it can send, and keeps datagrams apart`() throws {
    let (descriptor, port) = try receiver()
    defer { close(descriptor) }
    let bench = try LoopBench()
    var canSend = false
    let sender = DatagramSocket(
      bench.loop, host: "127.0.0.1", port: port, canSend: { canSend = true }, failed: { _ in })
    #expect(!sender.send(("early" as StaticString).bytes))
    bench.run { canSend }
    #expect(sender.send(("one" as StaticString).bytes))
    #expect(sender.send(("three" as StaticString).bytes))
    var buffer = [UInt8](repeating: 0, count: 100)
    #expect([recv(descriptor, &buffer, 100, 0), recv(descriptor, &buffer, 100, 0)] == [3, 5])
    sender.close()
    #expect(!sender.send(("late" as StaticString).bytes))
    #expect(recv(descriptor, &buffer, 100, 0) == -1)
  }

  @Test func `bears that nobody listens`() throws {
    let (descriptor, port) = try receiver()
    close(descriptor)
    let bench = try LoopBench()
    var canSend = false
    let sender = DatagramSocket(
      bench.loop, host: "127.0.0.1", port: port, canSend: { canSend = true },
      failed: { Issue.record("\($0)") })
    bench.run { canSend }
    for _ in 0..<100 { #expect(sender.send(("x" as StaticString).bytes)) }
    sender.close()
  }

  @Test func `fails when the name is unknown`() throws {
    let bench = try LoopBench()
    var error: LoopError?
    let sender = DatagramSocket(
      bench.loop, host: "no-such-host.invalid", port: 1, canSend: {}, failed: { error = $0 })
    bench.run { error != nil }
    #expect(error?.message.contains("no-such-host.invalid") == true)
    sender.close()
  }
}
