import PeriodicClient
import PeriodicCore
import PeriodicWire
import Testing

private func part(_ text: String) -> Outcome { .part(Array(text.utf8)) }

@Suite struct `A client that listens` {
  private func listening(
    _ options: ConnectionOptions = ConnectionOptions()
  ) throws -> Bench<ClientCore> {
    let bench = Bench(ClientCore(options: options, seed: 1))
    bench.register()
    let job = JobFields(key: .of("f", "n"), timeout: 5)
    _ = try bench.core.request(.receiveData(job), at: bench.now)
    #expect(bench.commands() == ["1 receive f/n 5"])
    return bench
  }

  @Test func `hears the pieces under one id, and the end`() throws {
    let bench = try listening()
    bench.reply(1, .success)
    bench.reply(1, .data(.of("one")))
    bench.reply(1, .data(.of("two")))
    bench.reply(1, .data(.of("EOF")))
    bench.reply(1, .data(.of("late")))
    #expect(bench.outcomes() == [part("one"), part("two"), .success])
  }

  @Test func `hears that nobody can do the function`() throws {
    let bench = try listening()
    bench.reply(1, .noWorker)
    #expect(bench.outcomes() == [.noWorker])
  }

  @Test func `loses the rest when too much is left lying`() throws {
    var options = ConnectionOptions()
    options.dataBytes = 1000
    let bench = try listening(options)
    let piece = [UInt8](repeating: 0x61, count: 400)
    for _ in 0..<4 { piece.withUnsafeBytes { bench.reply(1, .data($0)) } }
    #expect(bench.outcomes() == [.part(piece), .part(piece), .overflow])
  }

  @Test func `goes on as long as the pieces are taken`() throws {
    var options = ConnectionOptions()
    options.dataBytes = 1000
    let bench = try listening(options)
    let piece = [UInt8](repeating: 0x61, count: 400)
    for _ in 0..<9 {
      piece.withUnsafeBytes { bench.reply(1, .data($0)) }
      #expect(bench.outcomes() == [.part(piece)])
    }
  }

  @Test func `asks for other things however many pieces lie there`() throws {
    var options = ConnectionOptions()
    options.requests = 2
    let bench = try listening(options)
    for _ in 0..<5 { bench.reply(1, .data(.of("x"))) }
    _ = try bench.core.ping(at: bench.now)
    #expect(throws: RequestError.full(.requests, value: 2)) {
      try bench.core.ping(at: bench.now)
    }
  }

  @Test func `hears nothing more once it has stopped listening or lost the connection`() throws {
    let bench = try listening()
    bench.reply(1, .data(.of("one")))
    #expect(bench.cancel(bench.completions()[0].id))
    bench.reply(1, .data(.of("two")))
    #expect(bench.outcomes() == [.cancelled])
    _ = try bench.core.request(.run(JobFields(key: .of("f", "n"))), at: bench.now)
    bench.lose()
    #expect(bench.outcomes() == [.disconnected])
  }

  @Test func `gives up only after the time that the server was given`() throws {
    var options = ConnectionOptions()
    options.requestTimeout = 1000
    options.keepaliveInterval = 0
    let bench = try listening(options)
    bench.advance(5_999)
    #expect(bench.outcomes().isEmpty)
    bench.advance(1)
    #expect(bench.outcomes() == [.timedOut])
  }
}

@Suite struct `A client that ends the server` {
  @Test func `hears so by the end of the connection`() throws {
    let bench = Bench(ClientCore(seed: 1))
    bench.register()
    _ = try bench.core.request(.shutdown, at: bench.now)
    #expect(bench.commands() == ["1 shutdown"])
    bench.lose()
    #expect(bench.outcomes() == [.success])
  }

  @Test func `hears that it may not`() throws {
    let bench = Bench(ClientCore(seed: 1))
    bench.register()
    _ = try bench.core.request(.shutdown, at: bench.now)
    bench.reply(1, .noWorker)
    #expect(bench.outcomes() == [.noWorker])
  }
}

@Suite struct `Who a peer says it is` {
  @Test func `goes with the registration`() throws {
    var options = ConnectionOptions()
    options.credentials = Credentials(name: Array("ab".utf8), token: Array("xyz".utf8))
    let client = Bench(ClientCore(options: options, seed: 1))
    client.core.connected(at: client.now)
    // PROTOCOL 6.1.
    let rest = "0000000000000002 6162 0000000000000003 78797a"
    #expect(client.sent() == hex("00524551 00000016 6149e5da 03 \(rest)"))
    let worker = Bench(WorkerCore(options: options, seed: 1))
    worker.core.connected(at: worker.now)
    #expect(worker.sent() == hex("00524551 00000016 0490db9a 04 \(rest)"))
  }

  @Test func `has a name and a token that fit a registration`() {
    #expect(Credentials(name: [], token: [1]) == nil)
    #expect(Credentials(name: [1], token: []) == nil)
    #expect(Credentials(name: [1], token: [UInt8](repeating: 1, count: 65_518)) != nil)
    #expect(Credentials(name: [1], token: [UInt8](repeating: 1, count: 65_519)) == nil)
  }
}
