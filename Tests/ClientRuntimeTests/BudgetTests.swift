import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import PeriodicWire
import Testing

@Suite(.serialized) struct `A step with a bound` {
  /// The same rules for sockets and inside the process.
  static let addresses = [
    Address.inproc(name: "budget"), .tcp(host: "127.0.0.1", port: 0),
  ]

  @Test(arguments: addresses)
  func `handles no more than it, and all in the end`(_ address: Address) throws {
    let village = try Village(address: address)
    let client = village.client()
    #expect(try client.pingAndWait() == .success)
    var ended: [Int] = []
    for index in 0..<100 {
      try client.submit(
        Job("f", "\(index)"),
        .call {
          #expect($0 == .success)
          ended.append(index)
        })
    }
    var handled = 0
    for _ in 0..<2_000 where ended.count < 100 {
      let before = ended.count
      let count = village.loop.step(atMost: 7)
      #expect(count <= 7 && ended.count - before <= 7)
      handled += count
    }
    // Each is a command at the server and a completion at the client.
    #expect(handled == 200)
    #expect(ended == Array(0..<100))
  }

  @Test func `leaves a timeout of 0 behind while something waits`() throws {
    let village = try Village(address: .inproc(name: "budget"))
    let client = village.client()
    #expect(try client.pingAndWait() == .success)
    var ended = 0
    for index in 0..<10 { try client.submit(Job("f", "\(index)"), .call { _ in ended += 1 }) }
    while ended < 10 {
      #expect(village.loop.timeoutMilliseconds == 0)
      #expect(village.loop.step(atMost: 1) <= 1)
    }
    for _ in 0..<5 { village.loop.step(atMost: 1) }
    #expect(village.loop.timeoutMilliseconds != 0)
  }

  @Test func `gives connections their turns one after the other`() throws {
    let village = try Village(address: .inproc(name: "budget"))
    let clients = (0..<3).map { _ in village.client() }
    for client in clients { #expect(try client.pingAndWait() == .success) }
    var order: [Int] = []
    for (number, client) in clients.enumerated() {
      for _ in 0..<20 { try client.ping(.call { _ in order.append(number) }) }
    }
    for _ in 0..<2_000 where order.count < 60 { village.loop.step(atMost: 2) }
    #expect(order.count == 60)
    // Nobody is done before the others have begun.
    for number in 0..<3 { #expect(order.prefix(45).contains(number)) }
  }

  @Test func `of 0 moves bytes only, and no more than the queues hold`() throws {
    let village = try Village(address: .inproc(name: "budget"))
    let flood = Flood()
    let stream = Stream.connect(village.loop, to: village.address, owner: flood)
    for _ in 0..<200 { #expect(village.loop.step(atMost: 0) == 0) }
    let taken = flood.sent
    #expect(taken > 0 && taken <= 512 << 10)
    for _ in 0..<20 { village.loop.step(atMost: 0) }
    #expect(flood.sent == taken && village.loop.timeoutMilliseconds == 0)
    try village.wait { flood.sent > 4 << 20 }
    stream.close()
  }

  @Test func `lets a server stop in order, with what it had read answered`() throws {
    let village = try Village(address: .inproc(name: "budget"))
    let client = village.client()
    #expect(try client.pingAndWait() == .success)
    var outcomes: [Outcome] = []
    for index in 0..<50 { try client.submit(Job("f", "\(index)"), .call { outcomes.append($0) }) }
    for _ in 0..<3 { village.loop.step(atMost: 5) }
    var end: ServerEnd?
    village.server.onStopped = { end = $0 }
    village.server.stop()
    for _ in 0..<500 where end == nil { village.loop.step(atMost: 5) }
    #expect(end == .graceful)
    try village.wait { outcomes.count == 50 }
    #expect(Set(outcomes.map { "\($0)" }) == ["success", "refused"])
  }

  /// Sends PING after PING.
  private final class Flood: StreamOwner {
    private(set) var sent = 0
    private var content = ByteBuffer()

    func streamConnected(_ stream: Stream) {
      Generation2.encodeRegistration(.client, into: &content)
      for id in 1...300_000 { Generation2.encode(.ping, message: UInt32(id), into: &content) }
      stream.startReading()
      streamCanWrite(stream)
    }

    func streamCanWrite(_ stream: Stream) {
      let count = stream.write(content.bytes)
      content.consume(count)
      sent += count
    }

    func stream(_ stream: Stream, received bytes: Bytes) {}
    func streamEnded(_ stream: Stream) {}
    func stream(_ stream: Stream, failed error: LoopError) {}
  }
}
