import PeriodicCore
import PeriodicStore
import PeriodicWire
import Testing

@testable import PeriodicServer

/// A server core and a store that fails as a script has it.
@Suite struct `A server with a failing store` {
  private let bench = Bench()
  private let full = StoreError(.full, "no room")
  private let broken = StoreError(.failed, "I/O error")

  private func submitted(_ name: StaticString) -> Peer {
    let client = Peer(bench)
    client.send(.submit(job("f", name)))
    bench.settle()
    #expect(client.replies() == ["1 success"])
    return client
  }

  @Test func `refuses jobs without a word to the store while that is full`() {
    let client = submitted("a")
    client.send(.submit(job("f", "b")), 2)
    bench.land(full)
    #expect(client.replies() == ["2 unknown"])
    let before = bench.operations.count
    client.send(.submit(job("f", "c")), 3)
    #expect(client.replies() == ["3 unknown"])
    #expect(bench.operations.count == before && bench.flying.isEmpty)
  }

  @Test func `removes jobs while its store is full`() {
    let client = submitted("a")
    client.send(.submit(job("f", "b")), 2)
    client.send(.remove(key("f", "a")), 3)
    bench.land(full)
    #expect(client.replies() == ["2 unknown"])
    bench.land(nil)
    #expect(client.replies() == ["3 success"])
    #expect(bench.core.health.state == .full && bench.core.jobCount == 0)
  }

  @Test func `gives up at once what has collected for a full store`() {
    let client = submitted("a")
    client.send(.submit(job("f", "b")), 2)
    client.send(.submit(job("f", "c")), 3)
    client.send(.submit(job("f", "a")), 4)
    client.send(.remove(key("f", "c")), 5)
    bench.land(full)
    #expect(client.replies() == ["2 unknown", "3 unknown", "4 unknown"])
    bench.settle()
    #expect(client.replies() == ["5 success"])
    #expect(bench.core.jobCount == 1)
    bench.core.checkInvariants(at: bench.now)
  }

  @Test func `takes jobs again when a probe finds room`() {
    let client = submitted("a")
    client.send(.submit(job("f", "b")), 2)
    bench.land(full)
    bench.pass(500)
    #expect(bench.probes == 1)
    bench.answerProbe(full)
    client.send(.submit(job("f", "b")), 3)
    bench.pass(500)
    bench.answerProbe(nil)
    client.send(.submit(job("f", "b")), 4)
    bench.settle()
    #expect(client.replies() == ["2 unknown", "3 unknown", "4 success"])
  }

  @Test func `keeps what ends jobs until its store can write it`() {
    let client = submitted("a")
    client.send(.remove(key("f", "a")), 2)
    for _ in 0..<20 {
      bench.land(broken)
      #expect(client.replies() == [])
      bench.pass(1000)
    }
    #expect(bench.core.health.state == .readOnly)
    client.send(.submit(job("f", "b")), 3)
    #expect(client.replies() == ["3 unknown"])
    bench.land(nil)
    #expect(client.replies() == ["2 success"])
    client.send(.submit(job("f", "b")), 4)
    bench.settle()
    #expect(client.replies() == ["4 success"])
  }

  @Test func `works again without anybody's help`() {
    let client = submitted("a")
    for message in 2...4 as ClosedRange<UInt32> {
      client.send(.submit(job("f", "b")), message)
      bench.land(broken)
    }
    #expect(bench.core.health.state == .failing)
    bench.pass(1000)
    bench.answerProbe(nil)
    #expect(bench.core.health.state == .working)
  }

  @Test func `never wakes for nothing while its store is at work`() {
    let client = submitted("a")
    client.send(.submit(job("f", "b")), 2)
    bench.land(broken)
    client.send(.submit(job("f", "c")), 3)
    bench.pass(25)
    #expect(!bench.flying.isEmpty)
    bench.pass(60)
    #expect(bench.wakeAt > bench.now.monotonic)
  }

  @Test func `says in its words over generation 1 and HTTP what is the matter`() {
    let client = submitted("a")
    let old = Peer(bench, .client, .one)
    for error in [full, StoreError(.denied, "read-only file system")] {
      client.send(.submit(job("f", "b")), 2)
      bench.land(error)
      old.send(.submit(job("f", "c")))
      bench.pass(20_000)
      bench.answerProbe(nil)
    }
    let start = "1 [12][0][1]"
    #expect(
      old.replies() == [
        start + Refusal.storeFull.text, start + Refusal.storeReadOnly.text,
      ])
  }

  @Test func `runs jobs that no store keeps while its store is full`() {
    let client = submitted("a")
    let worker = Peer(bench, .worker)
    worker.send(.canDo(function: ("f" as StaticString).bytes), 1)
    bench.settle()
    client.send(.submit(job("f", "b")), 2)
    bench.land(full)
    client.send(.run(job("f", "once")), 3)
    #expect(client.replies() == ["2 unknown"])
    #expect(bench.core.jobCount == 2)
    client.send(.run(job("f", "a")), 4)
    #expect(client.replies() == ["4 no worker"])
  }

  @Test func `says of a list that not all of it was kept`() {
    let client = submitted("a")
    jobList(3).withUnsafeBytes { client.send(.load($0), 2) }
    bench.land(full)
    #expect(client.replies() == ["2 unknown"])
    jobList(3).withUnsafeBytes { client.send(.load($0), 3) }
    #expect(client.replies() == ["3 unknown"])
    #expect(bench.core.jobCount == 1)
  }
}
