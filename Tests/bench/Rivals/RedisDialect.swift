import PeriodicCore

/// A list as a queue: LPUSH and BRPOP. A worker asks for several jobs by so many BRPOPs in a row;
/// what it took is gone from the server, so this is less than what the other two promise.
struct RedisDialect: Dialect {
  static let name = "redis"
  private let isWorker: Bool
  private let push: [UInt8]
  private let pop = Array(("*3\r\n$5\r\nBRPOP\r\n$5\r\nbench\r\n$1\r\n0\r\n").utf8)
  /// The length of an answer to BRPOP.
  private let popped: Int

  static func producer(payload: Int) -> RedisDialect { RedisDialect(false, payload) }
  static func worker(payload: Int) -> RedisDialect { RedisDialect(true, payload) }

  private init(_ isWorker: Bool, _ payload: Int) {
    self.isWorker = isWorker
    let element = "$\(payload)\r\n" + String(repeating: "x", count: payload) + "\r\n"
    push = Array(("*3\r\n$5\r\nLPUSH\r\n$5\r\nbench\r\n" + element).utf8)
    popped = ("*2\r\n$5\r\nbench\r\n" + element).utf8.count
  }

  mutating func greet(into output: inout ByteBuffer) {}

  mutating func submit(_ number: Int, into output: inout ByteBuffer) {
    push.withUnsafeBytes { output.append($0) }
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
