import PeriodicCore
import PeriodicServer
import PeriodicWire
import Testing

/// PROTOCOL 2.10 DUMP.
@Suite struct `DUMP` {
  @Test func `leaves out what no batch has made durable`() {
    let bench = Bench()
    let peer = Peer(bench)
    peer.send(.submit(job("f", "a")), 1)
    bench.settle()
    peer.send(.submit(job("f", "bbbb")), 2)
    peer.send(.dump, 3)
    // A count of eight bytes and one job of 19: two names, a workload, a time and a version.
    #expect(peer.replies() == ["1 success", "3 data of 25"])
  }

  @Test func `reads from the store what is not in memory`() {
    let bench = Bench { $0.largeWorkloadBytes = 1000 }
    let peer = Peer(bench)
    peer.send(.submit(job("f", "a")), 1)
    [UInt8](repeating: 1, count: 5000).withUnsafeBytes {
      peer.send(.submit(JobFields(key: key("large"), workload: $0)), 2)
    }
    bench.settle()
    peer.send(.dump, 3)
    #expect(bench.reads.count == 1)
    #expect(peer.replies() == ["1 success", "2 success"])
    // While it waits, other commands of the connection do, too.
    peer.send(.ping, 4)
    #expect(peer.replies() == [])
    bench.answerRead(failing: true)
    #expect(peer.replies() == [] && bench.reads.isEmpty)
    bench.pass(1000)
    bench.answerRead()
    #expect(peer.replies() == ["3 data of 5046", "4 pong"])
  }

  @Test func `leaves out what has gone while it was read`() {
    let bench = Bench { $0.largeWorkloadBytes = 1 }
    let peer = Peer(bench)
    let other = Peer(bench)
    [1].withUnsafeBytes { peer.send(.submit(JobFields(key: key("a"), workload: $0)), 1) }
    bench.settle()
    peer.send(.dump, 2)
    other.send(.remove(key("a")), 1)
    bench.land()
    bench.answerRead()
    #expect(peer.replies() == ["1 success", "2 data of 8"])
  }

  @Test func `of one who has gone is read for nobody`() {
    let bench = Bench { $0.largeWorkloadBytes = 1 }
    let peer = Peer(bench)
    [1].withUnsafeBytes { peer.send(.submit(JobFields(key: key("a"), workload: $0)), 1) }
    bench.settle()
    peer.send(.dump, 2)
    peer.lose()
    bench.answerRead(failing: true)
    bench.pass(1000)
    #expect(bench.reads.isEmpty)
  }

  @Test func `of generation 1 makes no more than its reader takes`() {
    let bench = Bench(isDurable: false) { $0.outputPauseBytes = 10_000 }
    let writer = Peer(bench)
    let list = jobList(2000, size: 1000)
    list.withUnsafeBytes { writer.send(.load($0), 1) }
    let peer = Peer(bench, .client, .one)
    peer.reads = false
    peer.send(.dump, 1)
    // One slice of jobs is not cut.
    #expect(peer.waiting > 0 && peer.waiting < 700_000)
    var rounds = 0
    while peer.waiting > 0 {
      peer.readOn()
      rounds += 1
      peer.reads = false
    }
    let frames = peer.replies()
    #expect(frames.count == 21 && frames.last == "1 EOF")
  }

  @Test func `that would be over the limit is refused without being made`() {
    let bench = Bench(isDurable: false) { $0.frameBytes = 100_000 }
    let peer = Peer(bench)
    let list = jobList(90, size: 1000)
    list.withUnsafeBytes { peer.send(.load($0), 1) }
    peer.send(.dump, 2)
    [UInt8](repeating: 0, count: 10_000).withUnsafeBytes {
      peer.send(.submit(JobFields(key: key("g"), workload: $0)), 3)
    }
    peer.send(.dump, 4)
    #expect(peer.replies() == ["1 success", "2 data of 91808", "3 success", "4 unknown"])
  }
}
