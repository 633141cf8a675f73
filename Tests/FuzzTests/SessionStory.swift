import FuzzKit

/// A seeded mix of connections of every kind, with all commands, a few jobs, and some nonsense.
struct SessionStory {
  private var state: UInt64
  /// What each connection speaks: 0...3 as `SessionScript.greeting`, 4 HTTP.
  private var kinds: [UInt8] = []
  private var lastMessage: UInt32 = 0

  init(seed: UInt64) { state = (seed &+ 77) &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func acts(_ count: Int) -> [SessionScript.Act] {
    var acts: [SessionScript.Act] = []
    for kind in [0, 1, 2, 3, 3, 4] as [UInt8] {
      kinds.append(kind)
      acts.append(.open(kind < 4 ? SessionScript.greeting(kind) : []))
    }
    for connection in [1, 3, 4] {
      let frames = (0..<3).map { frame(connection, $0 == 0 ? canDo(connection) : grab(connection)) }
      acts.append(.say(connection, frames))
    }
    for _ in 0..<count { acts.append(act()) }
    return acts
  }

  private mutating func act() -> SessionScript.Act {
    let connection = roll(kinds.count)
    switch roll(40) {
    case 0: return .end(connection)
    case 1: return .lose(connection)
    case 2, 3, 4: return .pass(Int64(250 * roll(30)))
    case 5: return .fail
    case 6: return .say(connection, [(0..<roll(30)).map { _ in UInt8(roll(256)) }])
    default:
      // Several requests at once, so that a piece can hold the end of one and more.
      return .say(connection, (0..<1 + roll(5)).map { _ in request(connection) })
    }
  }

  private mutating func request(_ connection: Int) -> [UInt8] {
    switch kinds[connection] {
    case 0: frame(connection, client1())
    case 1: frame(connection, roll(3) == 0 ? grab(connection) : worker1())
    case 2: frame(connection, client2())
    case 3:
      frame(connection, roll(3) == 0 ? grab(connection) : roll(4) == 0 ? client2() : worker2())
    default: http()
    }
  }

  private func frame(_ connection: Int, _ body: [UInt8]) -> [UInt8] {
    SessionScript.frame(body, kinds[connection] < 2 ? 1 : 2)
  }

  // MARK: Requests

  private mutating func canDo(_ connection: Int) -> [UInt8] {
    kinds[connection] == 1 ? text1(7, "f") : body2(7, [1, 0x66])
  }

  private mutating func grab(_ connection: Int) -> [UInt8] {
    kinds[connection] == 1 ? message1() + [1] : body2(1, [])
  }

  private mutating func client1() -> [UInt8] {
    switch roll(9) {
    case 0: text1(14, nil)
    case 1: text1(15, function())
    case 2: text1(17, job1())
    case 3: text1(18, nil)
    case 4: text1(19, #"{"jobs":[\#(job1()),\#(job1())]}"#)
    case 5: text1([9, 11, 20, 99, 5][roll(5)], nil)
    default: text1(13, job1())
    }
  }

  private mutating func worker1() -> [UInt8] {
    switch roll(7) {
    case 0: text1(7, function())
    case 1: text1(8, function())
    case 2: text1(4, handle1())
    case 3: text1(2, handle1() + "\u{0}\u{1}\(roll(4))")
    case 4: text1([9, 11, 13, 99][roll(4)], nil)
    default: text1(3, handle1() + (roll(2) == 0 ? "" : "\u{0}\u{1}result"))
    }
  }

  private mutating func client2() -> [UInt8] {
    switch roll(12) {
    case 0: body2(14, [])
    case 1: body2(15, name8(function()))
    case 2: body2(17, handle())
    case 3: body2(18, [])
    case 4: body2(19, [0, 0, 0, 0, 0, 0, 0, 2] + job2() + job2())
    case 5: body2(22, name8("timeout"))
    case 6: body2(23, name8(roll(2) == 0 ? "lock-timeout" : "timeout") + [0, 0, 0, UInt8(roll(9))])
    case 7, 8: body2(25, job2())
    case 9: body2(31, job2())
    case 10: body2([9, 11, 35, 16, 20][roll(roll(8) == 0 ? 5 : 4)], [])
    default: body2(13, job2())
    }
  }

  private mutating func worker2() -> [UInt8] {
    switch roll(12) {
    case 0: body2(7, name8(function()))
    case 1: body2(8, name8(function()))
    case 2: body2(21, name8(function()))
    case 3: body2(4, handle())
    case 4: body2(2, handle() + [0, 0, 0, 0, 0, 0, 0, UInt8(roll(4)), 0, UInt8(roll(3))])
    case 5, 6: body2(27, name8("L") + [0, UInt8(roll(3))] + handle())
    case 7: body2(28, name8("L") + handle())
    case 8: body2(32, handle() + [0x64])
    case 9: body2([33, 34, 9, 11][roll(4)], [])
    default: body2(3, handle() + [0x6f, 0x6b])
    }
  }

  private mutating func http() -> [UInt8] {
    let keep = roll(5) == 0 ? "" : "Connection: keep-alive\r\n"
    let form = "func=\(function())&name=\(name())&workload=hello"
    let text =
      switch roll(7) {
      case 0: "GET / HTTP/1.1\r\nHost: h\r\n\(keep)\r\n"
      case 1: "GET /\(function()) HTTP/1.1\r\nHost: h\r\n\(keep)\r\n"
      case 2: "DELETE /\(function()) HTTP/1.1\r\nHost: h\r\n\(keep)\r\n"
      case 3: "GET /periodic/status/ HTTP/1.1\r\nHost: h\r\n\(keep)\r\n"
      case 4:
        "POST /periodic/run/\(function())/\(name())?timeout=3 HTTP/1.1\r\nHost: h\r\n\(keep)"
          + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
      default:
        "POST / HTTP/1.1\r\nHost: h\r\n\(keep)Content-Length: \(form.utf8.count)\r\n"
          + "Content-Type: application/x-www-form-urlencoded\r\n\r\n\(form)"
      }
    return Array(text.utf8)
  }

  // MARK: Pieces of requests

  private mutating func message1() -> [UInt8] { Array("\(1 + roll(4))".utf8) + [0, 1] }

  private mutating func text1(_ command: UInt8, _ data: String?) -> [UInt8] {
    message1() + [command] + (data.map { [0, 1] + Array($0.utf8) } ?? [])
  }

  /// A body under a new message id, now and then one that was used before.
  private mutating func body2(_ command: UInt8, _ arguments: [UInt8]) -> [UInt8] {
    if roll(4) > 0 { lastMessage += 1 }
    let id = [0, 0, UInt8(lastMessage >> 8), UInt8(lastMessage & 255)]
    return (roll(9) == 0 ? Array("00a\(roll(3))".utf8) : id) + [command] + arguments
  }

  private mutating func function() -> String { ["f", "g"][roll(8) / 7] }
  private mutating func name() -> String { ["a", "b", "c"][roll(3)] }
  private mutating func handle1() -> String { "\(1 + roll(12))" }
  private func name8(_ name: String) -> [UInt8] { [UInt8(name.utf8.count)] + Array(name.utf8) }
  private mutating func handle() -> [UInt8] { name8(function()) + name8(name()) }

  private mutating func job1() -> String {
    #"{"func":"\#(function())","name":"\#(name())","workload":"w\#(roll(3))"}"#
  }

  private mutating func job2() -> [UInt8] {
    let at = [0, 0, 0, 0, 0x65, 0x53, 0xf1, UInt8(roll(8))] as [UInt8]
    let head = handle() + [0, 0, 0, 1, 0x77] + at
    return head + (roll(2) == 0 ? [0] : [2, 0, 0, 0, UInt8(1 + roll(9))])
  }

  private mutating func roll(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(truncatingIfNeeded: state >> 33) % bound
  }
}
