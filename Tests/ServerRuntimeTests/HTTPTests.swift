import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import Testing

/// What HTTP connections may cost a server (PROTOCOL 3.1), and what they hear of its limits.
@Suite(.serialized) struct `HTTP connections` {
  @Test func `say which limit refuses a job`() throws {
    let bench = try ServerBench { $0.limits.jobs = 1 }
    let address = try bench.start()
    let peer = bench.peer(address)
    for target in ["/f?name=a", "/f?name=b", "/periodic/submit/f/b"] {
      peer.send(kept("POST \(target)"))
    }
    bench.run { peer.answers.count == 3 }
    #expect(peer.answers[0].hasSuffix(#"{"msg": "SUCCESS"}"#))
    for answer in peer.answers.dropFirst() {
      #expect(answer.hasPrefix("HTTP/1.1 507 "))
      #expect(answer.hasSuffix(#"{"err": "jobs: 2 is over the limit"}"#))
      #expect(answer.contains("Connection: keep-alive\r\n"))
    }
  }

  @Test func `take their turns: a flood of requests holds up nobody`() throws {
    let bench = try ServerBench()
    let address = try bench.start()
    let flood = bench.peer(address)
    let count = 20_000
    flood.send(Array(String(repeating: kept("GET /f"), count: count).utf8))
    let client = Client(bench.loop, to: address)
    #expect(try client.pingAndWait() == .success)
    #expect(flood.received.count < count * 100, "the ping was not answered last")
    bench.run { !flood.received.isEmpty }
    let length = flood.answers[0].utf8.count
    bench.run { flood.received.count == count * length }
    client.close()
  }

  @Test func `read only so far ahead of a request that waits`() throws {
    let directory = try TemporaryDirectory()
    let bench = try ServerBench()
    try bench.server.start()
    let address = try bench.server.listen(on: .unix(path: "\(directory.path)/s"))
    let worker = try worker(bench, address)
    let peer = bench.peer(address)
    peer.send(kept("POST /periodic/run/f/n"))
    let job = try #require(try worker.next(timeout: 5000))
    let more = 20_000
    peer.send(Array(String(repeating: kept("GET /f"), count: more).utf8))
    for _ in 0..<500 { bench.loop.step() }
    #expect(!peer.hasSentAll && peer.received.isEmpty)
    _ = try withBytes(of: "ok") { try worker.done(job.token, data: $0, .call { _ in }) }
    bench.run { peer.hasSentAll }
    #expect(peer.answers[0].hasSuffix("\r\n\r\nok"))
    worker.close()
  }

  @Test func `close when the next request does not come in time`() throws {
    let bench = try ServerBench { $0.limits.registrationDeadline = 100 }
    let address = try bench.start()
    let idle = bench.peer(address)
    let slow = bench.peer(address)
    idle.send(kept("GET /"))
    slow.send(kept("GET /") + "GET /f HTTP/1.1\r\nHost")
    bench.run { idle.isOver && slow.isOver }
    #expect(idle.answers.count == 1)
    #expect(slow.answers.count == 2 && slow.answers[1].hasPrefix("HTTP/1.1 408 "))
    bench.run { bench.server.connectionCount == 0 }
  }

  @Test func `stay open while a job runs for longer than a request may take to come`() throws {
    let bench = try ServerBench { $0.limits.registrationDeadline = 50 }
    let address = try bench.start()
    let worker = try worker(bench, address)
    let peer = bench.peer(address)
    peer.send(kept("POST /periodic/run/f/n"))
    let job = try #require(try worker.next(timeout: 5000))
    let end = bench.loop.now.monotonic + 200
    bench.run { bench.loop.now.monotonic >= end }
    #expect(!peer.isOver)
    _ = try withBytes(of: "ok") { try worker.done(job.token, data: $0, .call { _ in }) }
    bench.run { peer.isOver }
    #expect(peer.answers.count == 1 && peer.text.hasSuffix("\r\n\r\nok"))
    worker.close()
  }

  /// A worker of f that the server knows.
  private func worker(_ bench: ServerBench, _ address: Address) throws -> Worker {
    let worker = Worker(bench.loop, to: address)
    try worker.canDo("f")
    #expect(try worker.next(timeout: 50) == nil)
    return worker
  }
}

private func kept(_ line: String) -> String {
  let length = line.hasPrefix("POST") ? "Content-Length: 0\r\n" : ""
  return "\(line) HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\(length)\r\n"
}

extension RawPeer {
  /// Whole answers, heads and bodies.
  fileprivate var answers: [String] {
    text.split(separator: "HTTP/1.1 ").map { "HTTP/1.1 \($0)" }
  }
}
