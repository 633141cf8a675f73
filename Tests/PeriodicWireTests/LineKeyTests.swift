import PeriodicCore
import Testing

@testable import PeriodicWire

@Suite struct `The key of a line of jobs` {
  private let names: [[UInt8]] = [
    [0], [0, 0], [0, 1], [0, 0xff], [1], Array("a".utf8), Array("a\0".utf8), Array("a\0b".utf8),
    Array("a\"".utf8), Array("a\\".utf8), Array("ab".utf8), Array("b".utf8), [0xc3, 0xa9], [0xff],
  ]

  @Test func `compares as function, then name`() throws {
    var keys: [[UInt8]] = []
    for function in names {
      for name in names { keys.append(try key(function, name)) }
    }
    for (left, right) in zip(keys, keys.dropFirst()) {
      #expect(left.lexicographicallyPrecedes(right))
    }
  }

  @Test func `is the same however the line is written`() throws {
    let other = Array(#"{ "name_base64": "bg==", "sched_at": 7, "func": "\u0066" }"#.utf8)
    #expect(try key(of: other) == key(Array("f".utf8), Array("n".utf8)))
  }

  @Test func `is refused to a line that is no job`() {
    #expect(throws: JobFile.Problem.self) { try key(of: Array(#"{"func":"f","x":1}"#.utf8)) }
  }

  private func key(_ function: [UInt8], _ name: [UInt8]) throws -> [UInt8] {
    var buffer = ByteBuffer()
    function.withUnsafeBytes { function in
      name.withUnsafeBytes { name in
        JobFile.append(
          lineOf: JobFields(key: JobKey(function: function, name: name)), to: &buffer)
      }
    }
    return try key(of: Array(buffer.bytes.dropLast()))
  }

  private func key(of line: [UInt8]) throws -> [UInt8] {
    var key: [UInt8] = []
    try line.withUnsafeBytes { try LineKey.append(of: $0, to: &key) }
    return key
  }
}
