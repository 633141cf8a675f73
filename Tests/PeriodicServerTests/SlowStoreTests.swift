import PeriodicCore
import PeriodicServer
import PeriodicWire
import Testing

/// What goes on in slices fills less than may wait for the store.
@Suite struct `While the store is behind` {
  @Test func `a drop leaves room for others`() {
    let bench = Bench { $0.batchOperations = 8192 }
    let peer = Peer(bench)
    jobList(10_000).withUnsafeBytes { peer.send(.load($0), 7) }
    bench.settle()
    let other = Peer(bench)
    withBytes(of: "f") { peer.send(.drop(function: $0), 8) }
    #expect(bench.core.unwrittenChanges > 4096)
    other.send(.ping, 1)
    #expect(other.replies() == ["1 pong"])
  }

  @Test func `a LOAD leaves room for others`() {
    let bench = Bench { $0.batchOperations = 2048 }
    let peer = Peer(bench)
    let other = Peer(bench)
    jobList(5000).withUnsafeBytes { peer.send(.load($0), 7) }
    #expect(bench.core.unwrittenChanges > 1024)
    other.send(.ping, 1)
    #expect(other.replies() == ["1 pong"])
  }

  @Test func `the engine's work waits for its answer and not for a time`() {
    let bench = Bench { $0.batchOperations = 100 }
    let peer = Peer(bench)
    jobList(1000).withUnsafeBytes { peer.send(.load($0), 7) }
    bench.settle()
    withBytes(of: "f") { peer.send(.drop(function: $0), 8) }
    #expect(bench.core.unwrittenChanges > 100)
    #expect(bench.wakeAt > bench.now.monotonic)
    bench.settle()
    #expect(bench.core.unwrittenChanges == 0)
  }
}
