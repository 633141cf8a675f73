import PeriodicCore
import PeriodicServer
import PeriodicWire
import Testing

/// PROTOCOL 2.12, hooks.
@Suite struct `What a hook is told` {
  @Test func `comes to an observer, and only while there is one`() {
    let bench = Bench(isDurable: false)
    let peer = Peer(bench)
    var heard: [String] = []
    bench.core.observer = { heard.append("\($0.kind) \($0.name.text)") }
    peer.send(.submit(job("f")), 1)
    peer.send(.remove(key("f")), 2)
    bench.core.observer = nil
    peer.send(.submit(job("f")), 3)
    #expect(heard == ["pushJob f", "removeJob f"])
    #expect(bench.core.droppedMetrics == 0)
  }

  @Test func `goes to the store with the jobs, up to its bound`() {
    let bench = Bench(metrics: 2)
    let peer = Peer(bench)
    for name in ["a", "b", "c", "d"] as [StaticString] { peer.send(.submit(job("f", name)), 1) }
    bench.settle()
    #expect(bench.operations.count { $0 == "metric pushJob f" } == 2)
    #expect(bench.core.droppedMetrics == 2)
    #expect(peer.replies().count == 4)
  }

  @Test func `is dropped before anybody has to wait`() {
    let bench = Bench(metrics: 1000) { $0.batchOperations = 20 }
    let peer = Peer(bench)
    jobList(16).withUnsafeBytes { peer.send(.load($0), 1) }
    bench.settle()
    #expect(peer.replies() == ["1 success"])
    #expect(bench.operations.count { $0.hasPrefix("put") } == 16)
    #expect(bench.core.droppedMetrics > 0)
  }

  @Test func `is not written again when the store failed`() {
    let bench = Bench(metrics: 1000)
    let peer = Peer(bench)
    peer.send(.submit(job("f")), 1)
    bench.settle()
    peer.send(.remove(key("f")), 2)
    bench.land(failing: true)
    bench.settle()
    #expect(peer.replies() == ["1 success", "2 success"])
    #expect(bench.operations.count { $0 == "metric removeJob f" } == 1)
    #expect(bench.operations.count { $0 == "delete" } == 2)
  }
}
