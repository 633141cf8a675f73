import PeriodicCore
import PeriodicServer
import PeriodicWire
import Testing

/// PROTOCOL 2.10 LOAD, and DESIGN "No long turn", "The commit gate".
@Suite struct `LOAD` {
  @Test func `is answered when the last of its jobs is durable, after one success`() {
    let bench = Bench()
    let peer = Peer(bench)
    jobList(2000).withUnsafeBytes { peer.send(.load($0), 7) }
    #expect(peer.replies() == [])
    while !bench.flying.isEmpty {
      #expect(peer.replies() == [])
      bench.land()
    }
    #expect(peer.replies() == ["7 success"])
    #expect(bench.operations.count { $0.hasPrefix("put") } == 2000)
  }

  @Test func `is counted in full by the STATUS behind it`() {
    let bench = Bench()
    let peer = Peer(bench)
    jobList(20_000).withUnsafeBytes { peer.send(.load($0), 7) }
    peer.send(.status, 8)
    bench.settle()
    #expect(peer.replies().first == "7 success")
    #expect(peer.data.starts(with: Array("f,0,20000,".utf8)))
  }

  @Test func `is in full in the DUMP behind it`() {
    let bench = Bench()
    let peer = Peer(bench)
    jobList(20_000).withUnsafeBytes { peer.send(.load($0), 7) }
    peer.send(.dump, 8)
    bench.settle()
    #expect(peer.replies().first == "7 success")
    #expect(Array(peer.data.prefix(8)) == [0, 0, 0, 0, 0, 0, 0x4e, 0x20])
  }

  @Test func `stops while the store has enough to do`() {
    let bench = Bench { $0.batchOperations = 100 }
    let peer = Peer(bench)
    jobList(5000).withUnsafeBytes { peer.send(.load($0), 7) }
    // One slice may pass the bound, and the batch that collects while one is with the store.
    #expect(bench.core.jobCount <= 2 * 512 + 200)
    bench.settle()
    #expect(bench.core.jobCount == 5000)
    #expect(peer.replies() == ["7 success"])
  }

  @Test func `of which the store lost a part is refused, and the rest stays`() {
    let bench = Bench { $0.batchOperations = 100 }
    let peer = Peer(bench)
    jobList(3000).withUnsafeBytes { peer.send(.load($0), 7) }
    bench.land(failing: true)
    bench.settle()
    #expect(peer.replies() == ["7 unknown"])
    #expect(bench.core.jobCount > 1000 && bench.core.jobCount < 3000)
  }

  @Test func `is not refused for what the store lost before it`() {
    let bench = Bench()
    let other = Peer(bench)
    let peer = Peer(bench)
    other.send(.submit(job("f", "lost")), 1)
    bench.land(failing: true)
    jobList(10).withUnsafeBytes { peer.send(.load($0), 7) }
    bench.settle()
    #expect(other.replies() == ["1 unknown"])
    #expect(peer.replies() == ["7 success"])
  }

  @Test func `keeps the jobs beside one that is refused`() {
    let bench = Bench()
    let peer = Peer(bench)
    jobList(1000, empty: [0, 700]).withUnsafeBytes { peer.send(.load($0), 7) }
    bench.settle()
    #expect(peer.replies() == ["7 unknown"])
    #expect(bench.core.jobCount == 998)
  }

  @Test(arguments: [1, 600, 1500])
  func `that is broken closes, whatever place it breaks at, and keeps nothing`(_ whole: Int) {
    let bench = Bench()
    let peer = Peer(bench)
    var list = jobList(whole + 1)
    // The last job's workload is said to be longer than the list.
    list[list.count - 10] = 200
    list.withUnsafeBytes { peer.send(.load($0), 7) }
    bench.settle()
    #expect(peer.isClosed && peer.replies() == [])
    #expect(bench.core.jobCount == 0)
  }

  @Test func `that the end of service cuts short says so`() {
    let bench = Bench { $0.batchOperations = 100 }
    let peer = Peer(bench)
    jobList(5000).withUnsafeBytes { peer.send(.load($0), 7) }
    bench.core.stop(at: bench.now)
    bench.settle()
    #expect(peer.replies() == ["7 unknown"])
    #expect(bench.hasStopped && bench.core.jobCount > 0 && bench.core.jobCount < 5000)
  }

  @Test func `holds up what the same connection asks after it, and nothing else`() {
    let bench = Bench()
    let peer = Peer(bench)
    let other = Peer(bench)
    jobList(2000).withUnsafeBytes { peer.send(.load($0), 7) }
    peer.send(.ping, 8)
    other.send(.ping, 1)
    #expect(peer.replies() == [] && other.replies() == ["1 pong"])
    bench.settle()
    #expect(peer.replies() == ["7 success", "8 pong"])
  }

  @Test func `of generation 1 has no reply, not even when it is refused`() {
    let bench = Bench()
    let peer = Peer(bench, .client, .one)
    let list = #"{"jobs":[{"func":"f","name":"a"},{"func":"f"},{"func":"f","name":"b"}]}"#
    withBytes(of: list) { peer.send(.load($0), 1) }
    bench.settle()
    #expect(bench.core.jobCount == 2)
    bench.core.stop(at: bench.now)
    peer.send(.load(.none), 2)
    bench.settle()
    #expect(peer.replies() == [])
  }
}
