import PeriodicCore

/// Hashes of what peers choose, by numbers that they cannot know.
///
/// Sixteen bytes a step go into one product of 64 by 64 bits, whose halves are joined; each factor
/// is mixed with a secret of this engine first, so that nobody outside can say what collides.
struct SeededHash: BitwiseCopyable {
  private let secrets: (UInt64, UInt64, UInt64)

  init() {
    var random = SystemRandomNumberGenerator()
    secrets = (random.next(), random.next(), random.next() | 1)
  }

  @inline(__always)
  private static func mix(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let (high, low) = one.multipliedFullWidth(by: other)
    return high ^ low
  }

  @inline(__always)
  func of(_ number: UInt64, _ salt: UInt64) -> UInt32 {
    let state = Self.mix(number ^ secrets.0, salt ^ secrets.1)
    return UInt32(truncatingIfNeeded: Self.mix(state ^ secrets.2, secrets.0) >> 16)
  }

  @inline(__always)
  func of(_ bytes: Bytes, _ salt: UInt64) -> UInt32 {
    var state = Self.mix(salt ^ secrets.2, UInt64(bytes.count) ^ secrets.1)
    if var next = bytes.baseAddress {
      var left = bytes.count
      while left >= 16 {
        state = Self.mix(
          next.loadUnaligned(as: UInt64.self) ^ secrets.0 ^ state,
          next.loadUnaligned(fromByteOffset: 8, as: UInt64.self) ^ secrets.1)
        next += 16
        left -= 16
      }
      if left > 0 {
        let (low, high) = Self.rest(next, left)
        state = Self.mix(low ^ secrets.0 ^ state, high ^ secrets.1)
      }
    }
    return UInt32(truncatingIfNeeded: Self.mix(state ^ secrets.2, secrets.0) >> 16)
  }

  /// One to fifteen bytes as two numbers.
  @inline(__always)
  private static func rest(_ bytes: UnsafeRawPointer, _ count: Int) -> (UInt64, UInt64) {
    if count >= 8 {
      return (
        bytes.loadUnaligned(as: UInt64.self),
        bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
      )
    }
    if count >= 4 {
      return (
        UInt64(bytes.loadUnaligned(as: UInt32.self)),
        UInt64(bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
      )
    }
    let first = UInt64(bytes.load(as: UInt8.self))
    let middle = UInt64(bytes.load(fromByteOffset: count / 2, as: UInt8.self))
    let last = UInt64(bytes.load(fromByteOffset: count - 1, as: UInt8.self))
    return (first | middle << 8, last)
  }
}

extension Engine {
  /// The hash of bytes that come from outside, with a number that keeps tables apart.
  @inline(__always)
  func seededHash(_ bytes: Bytes, _ salt: UInt64) -> UInt32 { hashing.of(bytes, salt) }

  /// The hash of a message id of one connection, which a peer chooses.
  @inline(__always)
  func messageHash(_ message: MessageID, _ peer: Slot) -> UInt32 {
    hashing.of(message.number, UInt64(peer))
  }
}
