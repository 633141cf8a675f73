import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import PeriodicStore
import Testing

@Suite(.serialized) struct `A server on a loop` {
  @Test func `serves clients and workers of generation 2 over TCP and Unix`() throws {
    let directory = try TemporaryDirectory()
    let bench = try ServerBench()
    let tcp = try bench.start()
    let unix = try bench.server.listen(on: .unix(path: "\(directory.path)/s"))
    for address in [tcp, unix] {
      let client = Client(bench.loop, to: address)
      #expect(try client.pingAndWait() == .success)
      #expect(try client.submitAndWait(Job("f", "n", workload: Array("w".utf8))) == .success)
      let worker = Worker(bench.loop, to: address)
      try worker.canDo("f")
      let job = try #require(try worker.next(timeout: 5000))
      #expect(job.workload.text == "w")
      var outcome: Outcome?
      try worker.done(job.token, .call { outcome = $0 })
      bench.run { outcome != nil }
      #expect(outcome == .success)
      worker.close()
      client.close()
    }
  }

  @Test func `serves clients and workers of generation 1`() throws {
    let bench = try ServerBench()
    let address = try bench.start()
    let client = bench.peer(address)
    client.sendFrame("\u{1}")
    client.sendFrame("1\0\u{1}\u{d}\0\u{1}{\"func\":\"f\",\"name\":\"n\",\"workload\":\"w\"}")
    bench.run { client.frames.count == 1 }
    #expect(client.frames == ["1\0\u{1}\u{10}"])
    let worker = bench.peer(address)
    worker.sendFrame("\u{2}")
    worker.sendFrame("1\0\u{1}\u{7}\0\u{1}f")
    worker.sendFrame("2\0\u{1}\u{1}")
    bench.run { worker.frames.count == 1 }
    #expect(worker.frames.first?.contains("\"workload\":\"w\"") == true)
    worker.sendFrame("3\0\u{1}\u{3}\0\u{1}1")
    worker.sendFrame("4\0\u{1}\u{9}")
    bench.run { worker.frames.last == "4\0\u{1}\u{a}" }
    client.sendFrame("2\0\u{1}\u{e}")
    bench.run { client.frames.count == 2 }
    #expect(client.frames.last == "2\0\u{1}f,1,0,0\n")
  }

  @Test func `serves HTTP on the same port and closes in an orderly way`() throws {
    let bench = try ServerBench()
    let address = try bench.start()
    let peer = bench.peer(address)
    peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    bench.run { peer.isOver }
    #expect(peer.text.hasPrefix("HTTP/1.1 200"))
    #expect(peer.failure == nil)
  }

  @Test func `brings a refusal across while the peer still sends`() throws {
    let bench = try ServerBench { $0.limits.frameBytes = 1000 }
    let address = try bench.start()
    let peer = bench.peer(address)
    peer.send("POST /f/n HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n")
    peer.send([UInt8](repeating: 0x61, count: 3_000_000))
    bench.run { peer.isOver }
    #expect(peer.text.hasPrefix("HTTP/1.1 413"))
    #expect(peer.failure == nil)
  }

  @Test func `closes connections that stay silent`() throws {
    let bench = try ServerBench { $0.limits.registrationDeadline = 50 }
    let address = try bench.start()
    let silent = (0..<100).map { _ in bench.peer(address) }
    bench.run { silent.allSatisfy(\.isOver) }
    bench.run { bench.server.connectionCount == 0 }
  }

  @Test func `closes a connection over the limit at once`() throws {
    let bench = try ServerBench { $0.limits.connections = 2 }
    let address = try bench.start()
    let kept = (0..<2).map { _ in bench.peer(address) }
    bench.run { bench.server.connectionCount == 2 }
    let refused = bench.peer(address)
    bench.run { refused.isOver }
    #expect(kept.allSatisfy { !$0.isOver })
    #expect(bench.log.has(.warning, "connections: 2 are open"))
  }

  @Test func `does not read from a peer that does not read`() throws {
    let bench = try ServerBench { $0.limits.outputPauseBytes = 4096 }
    let address = try bench.start()
    let peer = bench.peer(address)
    peer.reads = false
    peer.sendFrame("\u{1}")
    let requests = 400_000
    for number in 0..<requests { peer.sendFrame("\(100_000 + number)\0\u{1}\u{9}") }
    for _ in 0..<2000 { bench.loop.step() }
    #expect(peer.frames.isEmpty)
    peer.startReading()
    bench.run { peer.received.count == requests * 17 }
    #expect(peer.frames.last == "\(99_999 + requests)\0\u{1}\u{a}")
  }

  @Test func `closes a peer that never reads what it asks for`() throws {
    let directory = try TemporaryDirectory()
    let bench = try ServerBench {
      $0.limits.outputPauseBytes = 1 << 30
      $0.limits.outputCloseBytes = 1 << 20
    }
    try bench.server.start()
    let peer = bench.peer(try bench.server.listen(on: .unix(path: "\(directory.path)/s")))
    peer.reads = false
    peer.sendFrame("\u{1}")
    for number in 0..<200_000 { peer.sendFrame("\(100_000 + number)\0\u{1}\u{9}") }
    bench.run { bench.server.connectionCount == 1 }
    bench.run { bench.server.connectionCount == 0 }
    peer.startReading()
    bench.run { peer.isOver }
  }

  @Test func `gives up a reply that its peer does not read for two minutes`() throws {
    let directory = try TemporaryDirectory()
    let bench = try ServerBench { $0.limits.outputPauseBytes = 1 << 30 }
    var now = bench.loop.now
    bench.loop.setClock { now }
    try bench.server.start()
    let peer = bench.peer(try bench.server.listen(on: .unix(path: "\(directory.path)/s")))
    peer.reads = false
    peer.sendFrame("\u{1}")
    for number in 0..<50_000 { peer.sendFrame("\(100_000 + number)\0\u{1}\u{9}") }
    bench.turn(until: { peer.hasSentAll })
    peer.endWriting()
    for _ in 0..<200 { bench.loop.step() }
    #expect(bench.server.connectionCount == 1)
    now.monotonic += 119_000
    for _ in 0..<10 { bench.loop.step() }
    #expect(bench.server.connectionCount == 1)
    now.monotonic += 2000
    bench.turn(until: { bench.server.connectionCount == 0 })
  }

  @Test func `closes connections when its time to stop is over`() throws {
    let directory = try TemporaryDirectory()
    let bench = try ServerBench { $0.limits.outputPauseBytes = 1 << 30 }
    try bench.server.start()
    let peer = bench.peer(try bench.server.listen(on: .unix(path: "\(directory.path)/s")))
    peer.reads = false
    peer.sendFrame("\u{1}")
    for number in 0..<50_000 { peer.sendFrame("\(100_000 + number)\0\u{1}\u{9}") }
    bench.run { peer.hasSentAll }
    var end: ServerEnd?
    bench.server.onStopped = { end = $0 }
    bench.server.stop(timeout: 50)
    bench.run { end != nil }
    #expect(end == .timedOut)
    #expect(bench.server.connectionCount == 0)
    #expect(bench.log.has(.warning, "with 1 connections still open"))
  }

  @Test func `warns when others than this machine can connect`() throws {
    let bench = try ServerBench()
    try bench.server.start()
    try bench.server.listen(on: .tcp(host: "127.0.0.1", port: 0))
    #expect(!bench.log.has(.warning, "other machines"))
    try bench.server.listen(on: .tcp(host: "", port: 0))
    #expect(bench.log.has(.warning, "other machines"))
  }

  @Test func `stops gracefully, once, and says so`() throws {
    let bench = try ServerBench()
    let address = try bench.start()
    let client = Client(bench.loop, to: address)
    #expect(try client.pingAndWait() == .success)
    var ends: [ServerEnd] = []
    bench.server.onStopped = { ends.append($0) }
    bench.server.stop()
    bench.server.stop()
    bench.run { !ends.isEmpty }
    #expect(ends == [.graceful])
    let late = bench.peer(address)
    bench.run { late.isOver }
    #expect(late.failure?.isRefused == true)
    client.close()
  }

  @Test func `can be stopped before it was started`() throws {
    let bench = try ServerBench()
    var end: ServerEnd?
    bench.server.onStopped = { end = $0 }
    bench.server.stop()
    bench.run { end != nil }
    #expect(end == .graceful)
  }
}
