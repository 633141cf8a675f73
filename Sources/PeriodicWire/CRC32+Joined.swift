import PeriodicCore

extension CRC32 {
  /// The sum of two runs one after the other, from their sums and the second one's length.
  ///
  /// A CRC is the remainder of a polynomial over GF(2). Appending n bytes multiplies it by x^8n, so
  /// the first sum is multiplied by that, and the second one added.
  static func joined(_ first: UInt32, _ second: UInt32, length: Int) -> UInt32 {
    var power: UInt32 = 0x8000_0000  // x^0: the bits are reflected
    var square: UInt32 = 0x0080_0000  // x^8
    var left = length
    while left > 0 {
      if left & 1 == 1 { power = product(power, square) }
      square = product(square, square)
      left >>= 1
    }
    return product(first, power) ^ second
  }

  /// The sum of a part of something, from the sum of it all: what is before and after the part is
  /// gone through, the part is not. What comes after it is short.
  static func part(_ count: Int, of all: UInt32, between first: Bytes, and last: Bytes) -> UInt32 {
    // Sums of runs that are joined are added, each multiplied by x to the bits that follow it.
    var sum = joined(of(first), all, length: count + last.count) ^ of(last)
    for _ in 0..<8 * last.count {
      sum = sum & 0x8000_0000 == 0 ? sum << 1 : (sum ^ 0xedb8_8320) << 1 | 1
    }
    return sum
  }

  /// The product of two reflected polynomials, modulo that of CRC-32.
  private static func product(_ a: UInt32, _ b: UInt32) -> UInt32 {
    var sum: UInt32 = 0
    var multiple = b
    var bit: UInt32 = 0x8000_0000
    while bit > 0 {
      if a & bit != 0 { sum ^= multiple }
      multiple = multiple & 1 == 1 ? multiple >> 1 ^ 0xedb8_8320 : multiple >> 1
      bit >>= 1
    }
    return sum
  }
}
