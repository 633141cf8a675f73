import PeriodicCore

extension UnsafeRawBufferPointer {
  /// Bytes of the UTF-8 sequence at `index`; 0 if there is none: cut short, longer than need be, a
  /// surrogate, or above U+10FFFF (Unicode table 3-7).
  func utf8Length(at index: Int) -> Int {
    let lead = self[index]
    let (length, second): (Int, ClosedRange<UInt8>)
    switch lead {
    case 0x00...0x7f: return 1
    case 0xc2...0xdf: (length, second) = (2, 0x80...0xbf)
    case 0xe0: (length, second) = (3, 0xa0...0xbf)
    case 0xe1...0xec, 0xee, 0xef: (length, second) = (3, 0x80...0xbf)
    case 0xed: (length, second) = (3, 0x80...0x9f)
    case 0xf0: (length, second) = (4, 0x90...0xbf)
    case 0xf1...0xf3: (length, second) = (4, 0x80...0xbf)
    case 0xf4: (length, second) = (4, 0x80...0x8f)
    default: return 0
    }
    guard index + length <= count, second.contains(self[index + 1]) else { return 0 }
    for next in index + 2..<Swift.max(index + 2, index + length)
    where self[next] & 0xc0 != 0x80 { return 0 }
    return length
  }

  /// Whether all of it is UTF-8.
  var isUTF8: Bool {
    var next = 0
    while next < count {
      let length = utf8Length(at: next)
      if length == 0 { return false }
      next += length
    }
    return true
  }

  /// Whether U+2028 or U+2029 stands at `index`, which JavaScript takes for the end of a line.
  func isLineSeparator(at index: Int) -> Bool {
    self[index] == 0xe2 && self[index + 1] == 0x80 && self[index + 2] & 0xfe == 0xa8
  }

  /// Whether it is `text`, letters of either case; `text` is lower-case ASCII.
  func equalsIgnoringCase(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for index in 0..<count {
      let byte = self[index]
      let lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
      if lower != text.utf8Start[index] { return false }
    }
    return true
  }
}
