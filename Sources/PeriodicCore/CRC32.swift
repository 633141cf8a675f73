internal import CChecksum

/// CRC-32 as zlib computes it (IEEE 802.3, reflected, polynomial 0xEDB88320): by the processor's
/// multiplication without carries where it has one, if not eight bytes a step.
///
/// Can be fed piece by piece, so that the sum of a large frame is done when its last byte arrives.
public struct CRC32 {
  @usableFromInline var state: UInt32 = 0xffff_ffff

  @inlinable
  public init() {}

  /// The sum of all bytes fed so far.
  @inlinable public var value: UInt32 { ~state }

  /// The sum of one run of bytes.
  @inlinable
  public static func of(_ bytes: Bytes) -> UInt32 {
    var sum = CRC32()
    sum.update(bytes)
    return sum.value
  }

  public mutating func update(_ bytes: Bytes) {
    periodic_crc32_update(&state, bytes.baseAddress, bytes.count)
  }

  /// The same where the processor has no such multiplication.
  mutating func updateByTable(_ bytes: Bytes) {
    periodic_crc32_by_table(&state, bytes.baseAddress, bytes.count)
  }
}
