import PeriodicCore
import PeriodicServer
import PeriodicWire
import Testing

/// PROTOCOL 1.4 on connections, and what other rules do to those that stand.
@Suite struct `A connection with an identity` {
  private let rules = "client ann t f\nworker wes t f,g\nadmin root t f"

  @Test func `is checked by the rules of the moment at each command`() throws {
    let bench = Bench(isDurable: false, identities: try Identities.of(rules))
    let ann = Peer(bench, identity: ("ann", "t"))
    ann.send(.submit(job("f")), 1)
    bench.core.replaceIdentities(try Identities.of("client ann t g"), at: bench.now)
    ann.send(.submit(job("f")), 2)
    ann.send(.submit(job("g")), 3)
    bench.core.replaceIdentities(try Identities.of("client ann other g"), at: bench.now)
    ann.send(.submit(job("g")), 4)
    bench.core.replaceIdentities(nil, at: bench.now)
    ann.send(.submit(job("h")), 5)
    #expect(
      ann.replies() == ["1 success", "2 no worker", "3 success", "4 no worker", "5 success"])
    #expect(!ann.isClosed)
  }

  @Test(arguments: [
    ("worker wes t f", true), ("worker wes t f,g,h", false), ("admin wes t x", false),
    ("worker wes other f,g", true), ("client wes t f,g", true), ("worker x t f,g", true),
  ])
  func `is closed if it is a worker that may no longer be one`(
    _ rule: String, _ isClosed: Bool
  ) throws {
    let bench = Bench(isDurable: false, identities: try Identities.of(rules))
    let wes = Peer(bench, .worker, identity: ("wes", "t"))
    wes.send(.canDo(function: key("g").function), 1)
    #expect(wes.replies() == ["1 success"])
    bench.core.replaceIdentities(try Identities.of(rule), at: bench.now)
    bench.turn()
    #expect(wes.isClosed == isClosed)
  }

  @Test func `that is refused keeps its LOAD's jobs out, and goes on`() throws {
    let bench = Bench(isDurable: false, identities: try Identities.of(rules))
    let ann = Peer(bench, identity: ("ann", "t"))
    let list = jobList(3)
    list.withUnsafeBytes { ann.send(.load($0), 1) }
    ann.send(.shutdown, 2)
    ann.send(.ping, 3)
    #expect(ann.replies() == ["1 no worker", "2 no worker", "3 pong"])
    #expect(bench.core.jobCount == 0 && !bench.isStopping)
  }

  @Test func `is needed; without one nothing is answered but NO_WORKER`() throws {
    let bench = Bench(isDurable: false, identities: try Identities.of(rules))
    let peer = Peer(bench, .worker)
    peer.send(.assigned, 1)
    peer.send(.unassigned, 2)
    peer.send(.serverOnly(16), 3)
    peer.send(.undefined(99), 4)
    // The decoder refuses this one before anybody asks who it is from.
    peer.send(.canDo(function: .none), 5)
    peer.send(.ping, 6)
    #expect(peer.replies() == ["4 no worker", "5 no worker", "6 no worker"])
  }
}
