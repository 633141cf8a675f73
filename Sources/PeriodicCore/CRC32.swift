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
    let folded = periodic_crc32_fold(&state, bytes.baseAddress, bytes.count)
    if folded < bytes.count { updateByTable(Bytes(rebasing: bytes[folded...])) }
  }

  /// What the processor's multiplication leaves, or all where it has none.
  @inline(never)
  mutating func updateByTable(_ bytes: Bytes) {
    guard var next = bytes.baseAddress else { return }
    let table = CRC32.table
    var crc = state
    var left = bytes.count
    while left >= 8 {
      let low = UInt32(littleEndian: next.loadUnaligned(as: UInt32.self)) ^ crc
      let high = UInt32(
        littleEndian: next.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
      crc =
        table[0x700 + Int(low & 0xff)] ^ table[0x600 + Int(low >> 8 & 0xff)]
        ^ table[0x500 + Int(low >> 16 & 0xff)] ^ table[0x400 + Int(low >> 24)]
        ^ table[0x300 + Int(high & 0xff)] ^ table[0x200 + Int(high >> 8 & 0xff)]
        ^ table[0x100 + Int(high >> 16 & 0xff)] ^ table[Int(high >> 24)]
      next += 8
      left -= 8
    }
    while left > 0 {
      crc = crc >> 8 ^ table[Int((crc ^ UInt32(next.load(as: UInt8.self))) & 0xff)]
      next += 1
      left -= 1
    }
    state = crc
  }

  /// Eight tables of 256 entries: entry `k * 256 + b` is byte `b` carried over `k` more zero bytes.
  nonisolated(unsafe) private static let table: UnsafePointer<UInt32> = {
    let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
      table[byte] = crc
    }
    for slice in 1..<8 {
      for byte in 0..<256 {
        let before = table[(slice - 1) * 256 + byte]
        table[slice * 256 + byte] = before >> 8 ^ table[Int(before & 0xff)]
      }
    }
    return UnsafePointer(table)
  }()
}
