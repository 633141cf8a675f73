import CUV
import Glibc
import PeriodicCore
import PeriodicLoop
import Testing

@Suite struct `A stream inside the process` {
  let bench: LoopBench
  let name = "stream-\(UInt64.random(in: 0 ... .max))"

  init() throws { bench = try LoopBench() }

  private typealias Pair = (
    client: Stream, clientSide: Recorder, server: Stream, serverSide: Recorder, listener: Listener
  )

  private func pair() throws -> Pair {
    let (listener, accepted) = try bench.listen(on: .inproc(name: name))
    let owner = Recorder()
    let client = bench.connect(to: listener.address, owner)
    #expect(!owner.isConnected)
    bench.run { owner.isConnected && accepted.connections.count == 1 }
    let server = try #require(accepted.connections.first)
    client.startReading()
    return (client, owner, server.stream, server.owner, listener)
  }

  @Test func `carries bytes both ways`() throws {
    let pair = try pair()
    #expect(pair.client.write(text: "ping") == 4)
    #expect(pair.serverSide.received.isEmpty)
    bench.run { pair.serverSide.received == Array("ping".utf8) }
    #expect(pair.server.write(text: "pong") == 4)
    #expect(bench.loop.timeoutMilliseconds == 0)
    bench.run { pair.clientSide.received == Array("pong".utf8) }
    #expect(pair.client.isPeerOwner && pair.server.isPeerOwner)
    pair.listener.close()
  }

  @Test func `needs no descriptor`() throws {
    let (listener, accepted) = try bench.listen(on: .inproc(name: name))
    let before = openDescriptors()
    let owners = (0..<500).map { _ in Recorder() }
    for owner in owners { _ = bench.connect(to: listener.address, owner) }
    bench.run { owners.allSatisfy(\.isConnected) && accepted.connections.count == 500 }
    // Tests beside this one open some too.
    #expect(openDescriptors() < before + 250)
    listener.close()
  }

  @Test func `takes no more than its window, says when there is room, and loses nothing`() throws {
    let pair = try pair()
    let content = (0..<6_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    var sent = 0
    func send() {
      content.withUnsafeBytes { sent += pair.client.write(Bytes(rebasing: $0[sent...])) }
    }
    pair.clientSide.canWrite = { if sent < content.count { send() } }
    pair.server.pauseReading()
    send()
    for _ in 0..<5 { bench.loop.step() }
    #expect(sent == 256 << 10 && pair.serverSide.received.isEmpty)
    pair.server.startReading()
    bench.run { pair.serverSide.received.count == content.count }
    #expect(pair.serverSide.received == content)
    pair.listener.close()
  }

  @Test func `can be read after its own end of writing, and is told of a hang-up once`() throws {
    let pair = try pair()
    pair.client.endWriting()
    bench.run { pair.serverSide.hasEnded }
    #expect(pair.server.write(text: "last") == 4)
    bench.run { pair.clientSide.received == Array("last".utf8) }
    #expect(pair.serverSide.hangUps == 0)
    pair.client.close()
    bench.run { pair.serverSide.hangUps == 1 }
    for _ in 0..<5 { bench.loop.step() }
    #expect(pair.serverSide.hangUps == 1 && bench.loop.timeoutMilliseconds != 0)
    pair.listener.close()
  }

  @Test func `brings what was written before a close, then the end, then fails to write`() throws {
    let pair = try pair()
    #expect(pair.server.write(text: "last words") == 10)
    pair.server.close()
    #expect(pair.client.write(text: "crossing") == 8)
    bench.run { pair.clientSide.hasEnded }
    #expect(pair.clientSide.received == Array("last words".utf8))
    #expect(pair.client.write(text: "more") == 0 && pair.clientSide.failure == nil)
    bench.run { pair.clientSide.failure != nil }
    #expect(pair.clientSide.failure?.name == "EPIPE" && pair.client.isClosed)
    pair.listener.close()
  }

  @Test func `is refused where nobody listens, in a later turn`() throws {
    let owner = Recorder()
    let stream = bench.connect(to: .inproc(name: name), owner)
    #expect(owner.failure == nil && bench.loop.timeoutMilliseconds == 0)
    bench.run { owner.failure != nil }
    #expect(owner.failure?.isRefused == true && stream.isClosed)
    #expect(owner.failure?.message == "connect to inproc:\(name): connection refused")
  }

  @Test func `has a name that one listener has at a time`() throws {
    let (first, _) = try bench.listen(on: .inproc(name: name))
    let error = #expect(throws: LoopError.self) { try bench.listen(on: .inproc(name: name)) }
    #expect(error?.isAddressInUse == true)
    first.close()
    let (second, _) = try bench.listen(on: .inproc(name: name))
    second.close()
  }

  @Test func `may be closed by either owner in any call`() throws {
    let (listener, accepted) = try bench.listen(on: .inproc(name: name))
    let owner = Closer()
    let client = Stream.connect(bench.loop, to: listener.address, owner: owner)
    bench.run { accepted.connections.count == 1 }
    client.startReading()
    #expect(accepted.connections[0].stream.write(text: "one") == 3)
    bench.run { accepted.connections[0].owner.hasEnded }
    #expect(owner.calls == 1 && client.isClosed)
    listener.close()
  }

  @Test func `lets its loop go when all its ends are gone`() throws {
    weak var gone: Loop?
    do {
      let loop = try Loop()
      gone = loop
      let listener = try Listener(loop, .inproc(name: name)) { $0.close() }
      let stream = Stream.connect(loop, to: listener.address, owner: Recorder())
      loop.step()
      stream.close()
      listener.close()
    }
    #expect(gone == nil)
  }

  private func openDescriptors() -> Int {
    (0..<1024).filter { fcntl($0, F_GETFD) >= 0 }.count
  }

  private final class Closer: StreamOwner {
    var calls = 0
    func stream(_ stream: Stream, received bytes: Bytes) {
      calls += 1
      stream.close()
    }
    func streamEnded(_ stream: Stream) { calls += 1 }
    func streamCanWrite(_ stream: Stream) { calls += 1 }
    func stream(_ stream: Stream, failed error: LoopError) { calls += 1 }
  }
}

@Suite struct `A stream from one thread to another` {
  let bench: LoopBench
  let name = "threads-\(UInt64.random(in: 0 ... .max))"

  init() throws { bench = try LoopBench() }

  /// Sends back what it gets, on a loop and thread of its own, until somebody ends writing.
  private func echo() throws -> NativeThread {
    let started = Flag()
    let thread = try NativeThread(name: "echo") { [name] in
      guard let loop = try? Loop() else { return }
      let echo = Echo(loop)
      let listener = try? Listener(loop, .inproc(name: name)) { echo.accept($0) }
      started.set()
      loop.run()
      listener?.close()
      echo.close()
    }
    started.wait()
    return thread
  }

  @Test func `carries more than its window both ways, in order`() throws {
    let thread = try echo()
    let owner = Recorder()
    let client = bench.connect(to: .inproc(name: name), owner)
    bench.run { owner.isConnected }
    client.startReading()
    let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    var sent = 0
    func send() {
      content.withUnsafeBytes { sent += client.write(Bytes(rebasing: $0[sent...])) }
    }
    owner.canWrite = { if sent < content.count { send() } }
    send()
    bench.run { owner.received.count == content.count }
    #expect(owner.received == content)
    client.endWriting()
    bench.run { owner.hasEnded }
    thread.join()
  }

  @Test func `is refused when the listener has gone, and when its loop has`() throws {
    let thread = try echo()
    let owner = Recorder()
    let client = bench.connect(to: .inproc(name: name), owner)
    bench.run { owner.isConnected }
    client.endWriting()
    thread.join()
    let late = Recorder()
    _ = bench.connect(to: .inproc(name: name), late)
    bench.run { late.failure != nil }
    #expect(late.failure?.isRefused == true)
  }

  private final class Echo: StreamOwner {
    let loop: Loop
    var streams: [Stream] = []
    var unsent: [UInt8] = []

    init(_ loop: Loop) { self.loop = loop }

    func accept(_ stream: Stream) {
      streams.append(stream)
      stream.owner = self
      stream.startReading()
    }

    func close() { for stream in streams { stream.close() } }

    func stream(_ stream: Stream, received bytes: Bytes) {
      unsent.append(contentsOf: bytes)
      streamCanWrite(stream)
    }

    func streamEnded(_ stream: Stream) { loop.stop() }

    func streamCanWrite(_ stream: Stream) {
      let sent = unsent.withUnsafeBytes { stream.write($0) }
      unsent.removeFirst(sent)
    }

    func stream(_ stream: Stream, failed error: LoopError) { loop.stop() }
  }

  private final class Flag: @unchecked Sendable {
    private let mutex = ThreadMutex()
    private let changed = ThreadCondition()
    private var isSet = false

    func set() {
      mutex.withLock {
        isSet = true
        changed.signal()
      }
    }

    func wait() { mutex.withLock { while !isSet { changed.wait(mutex) } } }
  }
}
