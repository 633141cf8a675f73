import PeriodicCore

/// beanstalkd: put, and reserve with delete. A connection has at most one reserve under way.
struct BeanstalkDialect: Dialect {
  static let name = "beanstalkd"
  private let put: [UInt8]
  private let payload: Int

  static func producer(payload: Int) -> BeanstalkDialect { BeanstalkDialect(payload) }
  static func worker(payload: Int) -> BeanstalkDialect { BeanstalkDialect(payload) }

  private init(_ payload: Int) {
    self.payload = payload
    put = Array(
      ("put 0 0 60 \(payload)\r\n" + String(repeating: "x", count: payload) + "\r\n").utf8)
  }

  mutating func greet(into output: inout ByteBuffer) {}

  mutating func submit(_ number: Int, into output: inout ByteBuffer) {
    put.withUnsafeBytes { output.append($0) }
  }

  mutating func grab(_ slot: Int, into output: inout ByteBuffer) {
    if slot == 0 { output.append("reserve\r\n") }
  }

  mutating func receive(
    _ bytes: Bytes, into output: inout ByteBuffer, _ each: () -> Void
  ) -> Int {
    var position = 0
    while let end = bytes.end(ofLineAt: position) {
      let line = Bytes(rebasing: bytes[position..<end])
      switch line[0] {
      case UInt8(ascii: "I"): each()
      case UInt8(ascii: "D") where line[2] == UInt8(ascii: "L"): break
      case UInt8(ascii: "R"):
        if bytes.count - end < payload + 2 { return position }
        position = end + payload + 2
        output.append("delete ")
        output.append(Bytes(rebasing: line[9...].prefix { $0 != UInt8(ascii: " ") }))
        output.append("\r\nreserve\r\n")
        each()
        continue
      default: quit("beanstalkd answered \(line.text)")
      }
      position = end
    }
    return position
  }
}
