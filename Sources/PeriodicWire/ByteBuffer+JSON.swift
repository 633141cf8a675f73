import PeriodicCore

extension ByteBuffer {
  /// `bytes` as a JSON text, escaped as Go's encoder does: `<`, `>`, `&`, U+2028 and U+2029 too,
  /// and U+FFFD in place of each byte that is not UTF-8 (PROTOCOL 2.1).
  mutating func append(jsonText bytes: Bytes) {
    append("\"")
    var plain = 0
    var next = 0
    while next < bytes.count {
      let byte = bytes[next]
      if byte < 0x80 && !ByteBuffer.mustEscape(byte) {
        next += 1
        continue
      }
      let length = byte < 0x80 ? 1 : bytes.utf8Length(at: next)
      if length > 1 && !bytes.isLineSeparator(at: next) {
        next += length
        continue
      }
      append(Bytes(rebasing: bytes[plain..<next]))
      switch length {
      case 0: append("\\ufffd")
      case 1: append(jsonEscape: byte)
      default: append(bytes[next + 2] == 0xa8 ? "\\u2028" : "\\u2029")
      }
      next += max(1, length)
      plain = next
    }
    append(Bytes(rebasing: bytes[plain...]))
    append("\"")
  }

  private static func mustEscape(_ byte: UInt8) -> Bool {
    switch byte {
    case 0..<0x20, 0x22, 0x5c, 0x3c, 0x3e, 0x26: true
    default: false
    }
  }

  private mutating func append(jsonEscape byte: UInt8) {
    switch byte {
    case 0x22: append("\\\"")
    case 0x5c: append("\\\\")
    case 0x0a: append("\\n")
    case 0x0d: append("\\r")
    case 0x09: append("\\t")
    default:
      append("\\u00")
      append(hexDigit: byte >> 4)
      append(hexDigit: byte & 15)
    }
  }

  private mutating func append(hexDigit value: UInt8) {
    append(uint8: value < 10 ? 0x30 + value : 0x61 + value - 10)
  }
}
