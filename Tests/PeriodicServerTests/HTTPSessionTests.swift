import PeriodicCore
import PeriodicServer
import SimulationKit
import Testing

/// E5 and E8 for HTTP: each request has exactly one answer, its own, in its turn, and none comes
/// after the close.
@Suite struct `HTTP sessions` {
  @Test(arguments: 1...60) func `answer each request once and in order`(_ seed: UInt64) {
    let world = HTTPWorld(seed: seed)
    for number in 0..<6 {
      world.connect(requests(of: number, &world.random))
      world.clients[number].endsEarly = world.random.chance(30)
    }
    for _ in 0..<300 {
      world.step()
      if world.random.chance(1) { world.lose(world.random.pick(world.clients)) }
    }
    world.isHealed = true
    for _ in 0..<3000 where world.clients.contains(where: \.isOpen) { world.step() }
    for client in world.clients {
      let isOpen = client.isOpen
      let problems = client.problems(all: !client.isLost)
      #expect(!isOpen, "seed \(seed): the last answer closes the connection")
      #expect(problems == [], "seed \(seed)")
    }
    let problems = world.problems
    #expect(problems == [])
  }

  @Test(arguments: 1...30) func `are all ended by a stop`(_ seed: UInt64) {
    let world = HTTPWorld(seed: seed)
    for number in 0..<6 { world.connect(requests(of: number, &world.random)) }
    for _ in 0..<world.random.below(60) { world.step() }
    world.core.stop(at: world.now)
    world.isHealed = true
    for _ in 0..<300 where !world.hasStopped { world.step() }
    let hasStopped = world.hasStopped
    #expect(hasStopped)
    for client in world.clients {
      let isOpen = client.isOpen
      #expect(!isOpen)
      let problems = client.problems(all: false).filter {
        !$0.hasSuffix(#"is answered 503 {"err": "stopping"}"#)
      }
      #expect(problems == [], "seed \(seed)")
    }
    let problems = world.problems
    #expect(problems == [])
  }

  /// Requests on one connection; all but the last ask to keep it.
  private func requests(of client: Int, _ random: inout Random) -> [HTTPExpectation] {
    let count = 1 + random.below(60)
    return (1...count).map { index in
      let (line, body, answers) = request("\(client).\(index)", &random)
      let keeps = index < count ? "Connection: keep-alive\r\n" : ""
      let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
      return HTTPExpectation(
        request: "\(line) HTTP/1.1\r\nHost: h\r\n\(keeps)\(length)\r\n\(body)", answers: answers)
    }
  }

  /// A request that nobody else makes, and its answers.
  private func request(
    _ name: String, _ random: inout Random
  ) -> (line: String, body: String, answers: [String]) {
    let full = #"507 {"err": "the store is full; nothing was changed"}"#
    switch random.below(8) {
    case 0:
      return (
        "POST /f", "name=\(name)&act=remove", [#"400 {"err": "Job f:\#(name) not exists."}"#]
      )
    case 1: return ("POST /f", "name=\(name)&args=x", [#"200 {"msg": "SUCCESS"}"#, full])
    case 2: return ("POST /periodic/submit/g/\(name)", "work", ["204 ", full])
    case 3: return ("POST /periodic/run/run/\(name)", "work", ["200 \(name)"])
    case 4:
      return (
        "POST /periodic/run/nobody/\(name)", "work",
        ["500 Error: Job execution failed or timed out"]
      )
    case 5: return ("GET /none/\(name)", "", ["200 {}"])
    case 6: return ("PUT /\(name)", "", ["400 "])
    default: return ("GET /periodic/\(name)", "", [#"404 {"err": "not found"}"#])
    }
  }
}
