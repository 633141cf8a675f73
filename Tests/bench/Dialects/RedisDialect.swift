import PeriodicCore

/// Redis with a list as a queue: LPUSH and BRPOP. A worker asks for several jobs by so many BRPOPs
/// in a row; what it took is gone from the server, so this is less than what the others promise.
/// Jobs ahead are members of a sorted set: ZADD, with the time as the score.
struct RedisDialect: Dialect {
  static let name = "redis"
  private let load: Load
  private let isWorker: Bool
  private let push: [UInt8]
  private let pop = Array(("*3\r\n$5\r\nBRPOP\r\n$5\r\nbench\r\n$1\r\n0\r\n").utf8)
  /// The length of an answer to BRPOP.
  private let popped: Int
  /// What follows the name of a member.
  private let filling: [UInt8]

  init(_ end: End, _ load: Load, functions: [Int]) {
    self.load = load
    isWorker = end == .worker
    let element = Array("$\(load.payload)\r\n".utf8) + load.workload + Array("\r\n".utf8)
    push = Array(("*3\r\n$5\r\nLPUSH\r\n$5\r\nbench\r\n").utf8) + element
    popped = "*2\r\n$5\r\nbench\r\n".utf8.count + element.count
    filling = Array(load.workload.dropFirst(16))
  }

  mutating func greet(into output: inout ByteBuffer) {}

  mutating func submit(_ number: Int, into output: inout ByteBuffer) {
    guard load.ahead > 0 else {
      push.withUnsafeBytes { output.append($0) }
      return
    }
    // A member of a set needs something that tells it from the others.
    output.append("*4\r\n$4\r\nZADD\r\n$5\r\nahead\r\n$10\r\n")
    output.append(decimal: Int64(load.due(number, from: 1_000_000_000)))
    output.append("\r\n$")
    output.append(decimal: Int64(max(16, load.payload)))
    output.append("\r\n")
    withName(number) { output.append($0) }
    filling.withUnsafeBytes { output.append($0) }
    output.append("\r\n")
  }

  mutating func grab(_ slot: Int, into output: inout ByteBuffer) {
    pop.withUnsafeBytes { output.append($0) }
  }

  mutating func receive(
    _ bytes: Bytes, into output: inout ByteBuffer, _ each: () -> Void
  ) -> Int {
    var position = 0
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "*"), isWorker {
        if bytes.count - position < popped { return position }
        position += popped
        each()
        grab(0, into: &output)
      } else if bytes[position] == UInt8(ascii: ":") {
        guard let end = bytes.end(ofLineAt: position) else { return position }
        position = end
        each()
      } else {
        quit("Redis answered \(Bytes(rebasing: bytes[position...]).text.prefix(200))")
      }
    }
    return position
  }
}

extension Bytes {
  /// Behind the line feed of the line that begins at `start`.
  func end(ofLineAt start: Int) -> Int? {
    var place = start
    while place < count {
      if self[place] == UInt8(ascii: "\n") { return place + 1 }
      place += 1
    }
    return nil
  }
}
