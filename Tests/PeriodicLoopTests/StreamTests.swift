import Glibc
import PeriodicCore
import PeriodicLoop
import Testing

@Suite struct `A stream` {
  let bench: LoopBench

  init() throws { bench = try LoopBench() }

  private func pair(
    _ address: Address = .tcp(host: "127.0.0.1", port: 0)
  ) throws -> (client: Stream, Recorder, server: Stream, Recorder, Listener) {
    let (listener, accepted) = try bench.listen(on: address)
    let owner = Recorder()
    let client = bench.connect(to: listener.address, owner)
    bench.run { owner.isConnected && accepted.connections.count == 1 }
    let server = try #require(accepted.connections.first)
    client.startReading()
    return (client, owner, server.stream, server.owner, listener)
  }

  @Test func `carries bytes both ways over TCP`() throws {
    let (client, clientSide, server, serverSide, listener) = try pair()
    #expect(client.write(text: "ping") == 4)
    bench.run { serverSide.received == Array("ping".utf8) }
    #expect(server.write(text: "pong") == 4)
    bench.run { clientSide.received == Array("pong".utf8) }
    listener.close()
  }

  @Test func `carries bytes both ways over a Unix socket`() throws {
    let directory = try TemporaryDirectory()
    let (client, clientSide, server, serverSide, listener) = try pair(
      .unix(path: "\(directory.path)/s"))
    #expect(client.isUnix && server.isUnix)
    #expect(client.write(text: "ping") == 4)
    bench.run { serverSide.received == Array("ping".utf8) }
    #expect(server.write(text: "pong") == 4)
    bench.run { clientSide.received == Array("pong".utf8) }
    listener.close()
  }

  @Test func `says when it can write again, and loses nothing`() throws {
    let (client, clientSide, _, serverSide, listener) = try pair()
    let content = (0..<6_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    var sent = 0
    func send() {
      content.withUnsafeBytes { sent += client.write(Bytes(rebasing: $0[sent...])) }
    }
    clientSide.canWrite = { if sent < content.count { send() } }
    send()
    // Whoever reads as fast as it is written to does not keep the loop from others.
    #expect(sent <= 256 << 10)
    bench.run { serverSide.received.count == content.count }
    #expect(serverSide.received == content)
    listener.close()
  }

  @Test func `does not read while paused`() throws {
    let (client, _, server, serverSide, listener) = try pair()
    server.pauseReading()
    #expect(client.write(text: "one") == 3)
    for _ in 0..<5 { bench.loop.step() }
    #expect(serverSide.received.isEmpty)
    server.startReading()
    bench.run { serverSide.received == Array("one".utf8) }
    listener.close()
  }

  @Test func `can be read after its own end of writing`() throws {
    let (client, clientSide, server, serverSide, listener) = try pair()
    client.endWriting()
    bench.run { serverSide.hasEnded }
    #expect(server.write(text: "last") == 4)
    bench.run { clientSide.received == Array("last".utf8) }
    listener.close()
  }

  @Test func `tells a peer that has gone from one that only sends no more`() throws {
    let directory = try TemporaryDirectory()
    let (client, _, server, owner, listener) = try pair(.unix(path: "\(directory.path)/s"))
    client.endWriting()
    bench.run { owner.hasEnded }
    for _ in 0..<5 { bench.loop.step() }
    #expect(owner.hangUps == 0)
    client.close()
    bench.run { owner.hangUps == 1 }
    #expect(owner.failure == nil && server.isOpen)
    // Once; and the loop may sleep although the descriptor stays as it is.
    for _ in 0..<5 { bench.loop.step() }
    var watched = pollfd(fd: bench.loop.fileDescriptor, events: Int16(POLLIN), revents: 0)
    #expect(poll(&watched, 1, 0) == 0 && owner.hangUps == 1)
    listener.close()
  }

  @Test func `tells of a peer that was lost after its last byte`() throws {
    let (client, _, server, serverSide, listener) = try pair()
    client.pauseReading()
    #expect(server.write(text: "unread") == 6)
    client.endWriting()
    bench.run { serverSide.hasEnded }
    client.close()
    bench.run { serverSide.hangUps == 1 }
    #expect(serverSide.failure == nil)
    listener.close()
  }

  @Test func `reports a peer that is gone without a signal`() throws {
    let (client, clientSide, server, _, listener) = try pair()
    client.pauseReading()
    server.close()
    bench.run {
      _ = client.write(text: "into the void")
      return clientSide.failure != nil
    }
    #expect(clientSide.failure?.name == "EPIPE" || clientSide.failure?.name == "ECONNRESET")
    #expect(client.isClosed)
    listener.close()
  }

  @Test func `is silent once closed`() throws {
    let (client, clientSide, server, serverSide, listener) = try pair()
    #expect(server.write(text: "unheard") == 7)
    client.close()
    client.close()
    bench.run { serverSide.hasEnded || serverSide.failure != nil }
    #expect(clientSide.received.isEmpty && !clientSide.hasEnded && clientSide.failure == nil)
    #expect(client.write(text: "more") == 0)
    listener.close()
  }

  @Test func `reports a refused connection in a later turn`() throws {
    let (listener, _) = try bench.listen(on: .tcp(host: "127.0.0.1", port: 0))
    let address = listener.address
    listener.close()
    let owner = Recorder()
    let stream = bench.connect(to: address, owner)
    #expect(owner.failure == nil)
    bench.run { owner.failure != nil }
    #expect(owner.failure?.isRefused == true)
    #expect(owner.failure?.message == "connect to \(address): connection refused")
    #expect(stream.isClosed)
  }

  @Test func `looks a name up and tries its addresses`() throws {
    let (listener, accepted) = try bench.listen(on: .tcp(host: "127.0.0.1", port: 0))
    guard case .tcp(_, let port) = listener.address else { return }
    let owner = Recorder()
    _ = bench.connect(to: .tcp(host: "localhost", port: port), owner)
    bench.run { owner.isConnected && accepted.connections.count == 1 }
    listener.close()
  }

  @Test func `can be closed while it looks a name up`() throws {
    let owner = Recorder()
    let stream = bench.connect(to: .tcp(host: "localhost", port: 1), owner)
    var isClosed = false
    bench.loop.soon {
      stream.close()
      isClosed = true
    }
    bench.run { isClosed }
    for _ in 0..<3 { bench.loop.step() }
    #expect(owner.failure == nil && !owner.isConnected)
  }
}
