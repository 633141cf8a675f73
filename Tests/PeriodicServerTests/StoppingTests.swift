import PeriodicCore
import PeriodicServer
import PeriodicWire
import Testing

/// PROTOCOL 2.11 SHUTDOWN, and DESIGN "Refusals".
@Suite struct `The end of service` {
  @Test func `that a client asks for has no reply, and lets held ones go out`() {
    let bench = Bench()
    let peer = Peer(bench)
    let worker = Peer(bench, .worker)
    worker.send(.canDo(function: key("f").function), 1)
    worker.send(.grab(confirms: true), 2)
    peer.send(.submit(job("f")), 1)
    peer.send(.shutdown, 2)
    #expect(bench.isStopping && !bench.hasStopped && peer.replies() == [])
    bench.settle()
    #expect(peer.replies() == ["1 success"])
    // What became durable meanwhile is not handed out any more.
    #expect(worker.replies() == ["1 success", "2 success"])
    #expect(bench.hasStopped && peer.isClosed && worker.isClosed)
  }

  @Test func `refuses new work in the words of each protocol`() {
    let bench = Bench()
    let peer = Peer(bench)
    let worker = Peer(bench, .worker)
    let older = Peer(bench, .client, .one)
    let olderWorker = Peer(bench, .worker, .one)
    // This keeps the store at work, and so the connections open.
    peer.send(.submit(job("f")), 1)
    bench.core.stop(at: bench.now)
    peer.send(.submit(job("f")), 2)
    peer.send(.run(job("f")), 3)
    peer.send(.receiveData(job("f")), 4)
    jobList(1).withUnsafeBytes { peer.send(.load($0), 5) }
    peer.send(.ping, 6)
    #expect(
      peer.replies() == ["2 unknown", "3 no worker", "4 unknown", "5 unknown", "6 pong"])
    worker.send(.canDo(function: key("f").function), 1)
    #expect(worker.replies() == ["1 unknown"])
    older.send(.submit(job("f")), 1)
    #expect(older.replies() == ["1 [12][0][1]stopping"])
    olderWorker.send(.canDo(function: key("f").function), 1)
    #expect(olderWorker.replies() == [])
    bench.settle()
    #expect(peer.replies() == ["1 success"])
  }
}

/// PROTOCOL 2.3, replies on a grab's id, and 2.9.
@Suite struct `A worker's connection` {
  @Test func `hears ACQUIRED under the id of its grab, and no success`() {
    let bench = Bench(isDurable: false)
    let peer = Peer(bench)
    let worker = Peer(bench, .worker)
    worker.send(.canDo(function: key("f").function), 1)
    worker.send(.grab(confirms: true), 9)
    peer.send(.submit(job("f")), 1)
    worker.send(.acquire(lock: key("l").function, capacity: 1, .key(key("f"))), 9)
    worker.send(.release(lock: key("l").function, .key(key("f"))), 9)
    worker.send(.done(.key(key("f")), data: .none), 9)
    #expect(
      worker.replies() == ["1 success", "9 success", "9 assign n", "9 acquired true"])
    #expect(bench.core.jobCount == 0)
  }

  @Test func `that is silent is closed by the keepalive that was set last`() {
    let bench = Bench(isDurable: false)
    let peer = Peer(bench)
    let worker = Peer(bench, .worker)
    bench.pass(60_000)
    #expect(!worker.isClosed)
    peer.send(.setSetting(key: ("keepalive" as StaticString).bytes, value: 2), 1)
    for _ in 0..<4 {
      bench.pass(600)
      peer.send(.ping, 2)
    }
    #expect(worker.isClosed && !peer.isClosed)
  }
}
