import PeriodicCore

/// Base64 of RFC 4648, section 4, with padding: for bytes that are no text in a line of JSON.
enum Base64 {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let pad = UInt8(ascii: "=")

  static func append(_ bytes: Bytes, to buffer: inout ByteBuffer) {
    var next = 0
    while next < bytes.count {
      let group = Swift.min(3, bytes.count - next)
      var word = UInt32(bytes[next]) << 16
      if group > 1 { word |= UInt32(bytes[next + 1]) << 8 }
      if group > 2 { word |= UInt32(bytes[next + 2]) }
      for place in 0..<4 {
        let digit = digits[Int(word >> UInt32(18 - 6 * place)) & 63]
        buffer.append(uint8: place <= group ? digit : pad)
      }
      next += group
    }
  }

  /// `nil` for what is no Base64, the strict kind: padded, and without bits that mean nothing.
  static func decode(_ text: Bytes) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var next = 0
    while next < text.count {
      let isLast = next + 4 == text.count
      var padding = 0
      if isLast, text[next + 3] == pad { padding = text[next + 2] == pad ? 2 : 1 }
      var word: UInt32 = 0
      for place in 0..<4 - padding {
        guard let value = value(of: text[next + place]) else { return nil }
        word |= UInt32(value) << UInt32(18 - 6 * place)
      }
      guard word & (1 << UInt32(8 * padding) - 1) == 0 else { return nil }
      for place in 0..<3 - padding {
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(16 - 8 * place)))
      }
      next += 4
    }
    return bytes
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case 0x41...0x5a: digit - 0x41
    case 0x61...0x7a: digit - 0x61 + 26
    case 0x30...0x39: digit - 0x30 + 52
    case 0x2b: 62
    case 0x2f: 63
    default: nil
    }
  }
}
