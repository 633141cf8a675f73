import PeriodicClient
import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `A client` {
  private func makeBench(_ options: ConnectionOptions = ConnectionOptions()) -> Bench<ClientCore> {
    Bench(ClientCore(options: options, seed: 1))
  }

  private func makeReady(_ options: ConnectionOptions = ConnectionOptions()) -> Bench<ClientCore> {
    let bench = makeBench(options)
    bench.register()
    return bench
  }

  private func submit(
    _ bench: Bench<ClientCore>, _ name: StaticString = "n", timeout: Int64? = nil
  ) throws -> RequestID {
    let job = JobFields(key: .of("f", name), workload: .of("hi"), scheduledAt: 1_700_000_000)
    return try bench.core.submit(job, tag: RequestTag(user: 5), timeout: timeout, at: bench.now)
  }

  @Test func `registers with one frame and waits for the connection id`() throws {
    let bench = makeBench()
    #expect(bench.actions() == [.connect])
    _ = try submit(bench)
    bench.core.connected(at: bench.now)
    #expect(bench.sent() == hex("00524551 00000001 a505df1b 01"))
    bench.receive("00524553 00000005 a81ee2ca 1e 0a0b0c0d")
    #expect(bench.core.state == .ready)
    #expect(bench.commands() == ["1 submit f/n hi"])
  }

  @Test func `takes any first frame as the connection id`() {
    let bench = makeBench()
    bench.core.connected(at: bench.now)
    bench.receive(hex("00524553 00000002") + crcOK() + Array("OK".utf8))
    #expect(bench.core.state == .ready)
  }

  private func crcOK() -> [UInt8] {
    let sum = Array("OK".utf8).withUnsafeBytes { CRC32.of($0) }
    return withUnsafeBytes(of: sum.bigEndian) { Array($0) }
  }

  @Test func `submits the bytes of the protocol's example`() throws {
    let bench = makeReady()
    for _ in 0..<7 { _ = try submit(bench) }
    let last = bench.sent().suffix(36)
    #expect(
      Array(last)
        == hex(
          "00524551 00000018 cbf589f9 00000007 0d 0166 016e 000000026869 000000006553f100 00"))
  }

  @Test func `ends each request with what the server answered, in any order`() throws {
    let bench = makeReady()
    let tags = [
      try bench.core.ping(at: bench.now), try submit(bench),
      try bench.core.remove(.of("f", "n"), at: bench.now),
      try bench.core.drop(function: .of("f"), at: bench.now),
      try bench.core.status(at: bench.now),
    ]
    bench.reply(5, .data(.of("f,1,2")))
    bench.reply(4, .noWorker)
    bench.reply(3, .refused(.unknownCommand))
    bench.reply(2, .success)
    bench.reply(1, .pong)
    let done = bench.completions()
    #expect(done.map(\.id) == tags.reversed())
    #expect(
      done.map(\.outcome) == [.data(Array("f,1,2".utf8)), .noWorker, .refused, .success, .success])
    #expect(done[3].tag.user == 5)
  }

  @Test func `does not care about an answer that nobody waits for`() throws {
    let bench = makeReady()
    _ = try submit(bench)
    bench.reply(9, .success)
    bench.reply(1, .success)
    bench.reply(1, .success)
    #expect(bench.outcomes() == [.success])
    #expect(bench.core.state == .ready)
  }

  @Test func `fails what was sent when the connection is lost`() throws {
    let bench = makeReady()
    _ = try submit(bench)
    bench.lose()
    #expect(bench.outcomes() == [.disconnected])
    #expect(bench.core.state == .waiting)
    #expect(bench.core.lastLoss == .endOfStream)
  }

  @Test func `keeps what was asked without a connection for the next one`() throws {
    let bench = makeReady()
    bench.lose()
    _ = try submit(bench, "a")
    _ = try submit(bench, "b")
    bench.advance(100)
    #expect(bench.actions() == [.connect])
    bench.register()
    #expect(bench.commands() == ["1 submit f/a hi", "2 submit f/b hi"])
  }

  @Test func `does not send what was withdrawn or timed out while it waited`() throws {
    let bench = makeBench()
    let first = try submit(bench, "a")
    _ = try submit(bench, "b", timeout: 50)
    _ = try submit(bench, "c")
    #expect(bench.cancel(first))
    #expect(!bench.cancel(first))
    bench.advance(50)
    #expect(bench.outcomes() == [.cancelled, .timedOut])
    bench.register()
    #expect(bench.commands() == ["3 submit f/c hi"])
  }

  @Test func `times a request out at its deadline and not before`() throws {
    let bench = makeReady()
    _ = try submit(bench, timeout: 500)
    _ = try submit(bench, timeout: .max)
    bench.advance(499)
    #expect(bench.outcomes().isEmpty)
    #expect(bench.core.nextDeadline == bench.now.monotonic + 1)
    bench.advance(1)
    #expect(bench.outcomes() == [.timedOut])
    bench.reply(1, .success)
    #expect(bench.outcomes().isEmpty)
  }

  @Test func `ends everything as cancelled on close, once`() throws {
    let bench = makeReady()
    _ = try submit(bench)
    bench.core.close()
    bench.core.close()
    #expect(bench.outcomes() == [.cancelled])
    #expect(bench.actions() == [.disconnect])
    #expect(bench.core.nextDeadline == nil)
    #expect(throws: RequestError.closed) { try submit(bench) }
  }

  @Test func `closes for good after a loss when reconnecting is off`() throws {
    var options = ConnectionOptions()
    options.reconnects = false
    let bench = makeBench(options)
    _ = try submit(bench)
    bench.core.disconnected(.connectFailed(code: -111), at: bench.now)
    #expect(bench.outcomes() == [.disconnected])
    #expect(bench.core.state == .closed)
    #expect(bench.core.lastLoss == .connectFailed(code: -111))
  }

  @Test func `refuses names and frames that no server takes`() {
    let bench = makeReady()
    let empty = JobFields(key: .of("f", ""))
    #expect(throws: RequestError.invalidName(length: 0)) {
      try bench.core.submit(empty, at: bench.now)
    }
    let long = [UInt8](repeating: 97, count: 256)
    #expect(throws: RequestError.invalidName(length: 256)) {
      try long.withUnsafeBytes { try bench.core.drop(function: $0, at: bench.now) }
    }
    let large = [UInt8](repeating: 0, count: 64 << 20)
    #expect(throws: RequestError.tooLarge(bytes: (64 << 20) + 66, limit: 64 << 20)) {
      try large.withUnsafeBytes {
        try bench.core.submit(JobFields(key: .of("f", "n"), workload: $0), at: bench.now)
      }
    }
    #expect(bench.sent().isEmpty)
  }

  @Test func `is full at its limit of requests until completions are taken`() throws {
    var options = ConnectionOptions()
    options.requests = 2
    let bench = makeReady(options)
    _ = try submit(bench)
    _ = try submit(bench)
    #expect(throws: RequestError.full(.requests, value: 2)) { try submit(bench) }
    bench.reply(1, .success)
    #expect(throws: RequestError.full(.requests, value: 2)) { try submit(bench) }
    #expect(bench.outcomes() == [.success])
    _ = try submit(bench)
  }

  @Test func `is full at its limit of bytes until some are written`() throws {
    var options = ConnectionOptions()
    options.outputBytes = 30
    let bench = makeReady(options)
    _ = try submit(bench)
    #expect(throws: RequestError.full(.outputBytes, value: 30)) { try submit(bench) }
    bench.core.wrote(7)
    _ = try submit(bench)
  }
}
