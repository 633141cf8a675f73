import PeriodicCore

/// beanstalkd: put, and reserve with delete. A connection has at most one reserve under way.
struct BeanstalkDialect: Dialect {
  static let name = "beanstalkd"
  private let load: Load
  private let put: [UInt8]

  init(_ end: End, _ load: Load, functions: [Int]) {
    self.load = load
    put = Self.put(after: load.ahead, load)
  }

  private static func put(after seconds: Int, _ load: Load) -> [UInt8] {
    Array("put 0 \(seconds) 60 \(load.payload)\r\n".utf8) + load.workload + Array("\r\n".utf8)
  }

  mutating func greet(into output: inout ByteBuffer) {}

  mutating func submit(_ number: Int, into output: inout ByteBuffer) {
    if load.ahead > 0 {
      output.append("put 0 ")
      output.append(decimal: Int64(load.due(number, from: 0)))
      output.append(" 60 ")
      output.append(decimal: Int64(load.payload))
      output.append("\r\n")
      // The workload and its end.
      put[(put.count - load.payload - 2)...].withUnsafeBytes { output.append($0) }
    } else {
      put.withUnsafeBytes { output.append($0) }
    }
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
        if bytes.count - end < load.payload + 2 { return position }
        position = end + load.payload + 2
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
