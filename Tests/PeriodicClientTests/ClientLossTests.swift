import PeriodicClient
import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `A client whose connection breaks` {
  /// What a server says to a client that pings, submits, and asks for the status.
  private var answers: [UInt8] {
    frame { buffer in
      Generation2.encodeConnectionID(7, into: &buffer)
      Generation2.encode(.pong, MessageID(1), into: &buffer)
      Generation2.encode(.success, MessageID(2), into: &buffer)
      Generation2.encode(.data(.of("f,1,1,1,0,5")), MessageID(3), into: &buffer)
    }
  }

  private func ask(_ bench: Bench<ClientCore>) throws {
    _ = try bench.core.ping(at: bench.now)
    _ = try bench.core.submit(JobFields(key: .of("f", "n")), at: bench.now)
    _ = try bench.core.status(at: bench.now)
  }

  @Test func `ends each request once, wherever in the answers it breaks`() throws {
    let answers = answers
    for position in 0...answers.count {
      let bench = Bench(ClientCore(seed: 1))
      try ask(bench)
      bench.core.connected(at: bench.now)
      bench.receive(Array(answers[..<position]))
      bench.lose()
      let wasGreeted = position >= 17
      #expect(bench.core.openRequests == (wasGreeted ? 0 : 3))
      bench.core.close()
      #expect(Set(bench.completions().map(\.id.number)) == [1, 2, 3])
      #expect(bench.core.completionCount == 0)
    }
  }

  @Test func `hears the same from answers that come in two pieces, cut anywhere`() throws {
    let answers = answers
    for position in 0...answers.count {
      let bench = Bench(ClientCore(seed: 1))
      try ask(bench)
      bench.core.connected(at: bench.now)
      bench.receive(Array(answers[..<position]))
      bench.receive(Array(answers[position...]))
      #expect(bench.outcomes() == [.success, .success, .data(Array("f,1,1,1,0,5".utf8))])
    }
  }

  @Test func `hears the same from answers that come byte by byte`() throws {
    let bench = Bench(ClientCore(seed: 1))
    try ask(bench)
    bench.core.connected(at: bench.now)
    for byte in answers { bench.receive([byte]) }
    #expect(bench.outcomes() == [.success, .success, .data(Array("f,1,1,1,0,5".utf8))])
  }

  @Test func `starts the next connection's frames afresh`() throws {
    let bench = Bench(ClientCore(seed: 1))
    bench.register()
    bench.receive(Array(answers.prefix(20).suffix(3)))
    bench.lose()
    bench.advance(100)
    bench.register()
    #expect(bench.core.state == .ready)
  }
}
