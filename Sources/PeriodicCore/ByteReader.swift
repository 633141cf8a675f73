/// Takes big-endian numbers and runs of bytes off the front of a borrowed buffer.
///
/// Every read checks what is left first and answers `nil` when it is too short, so a decoder can be
/// written as one `guard`. The runs it hands out are borrowed from the same buffer.
public struct ByteReader {
  @usableFromInline var base: UnsafeRawPointer?
  @usableFromInline var left: Int

  @inlinable
  public init(_ bytes: Bytes) {
    base = bytes.baseAddress
    left = bytes.count
  }

  /// Bytes not yet taken.
  @inlinable public var remaining: Int { left }
  @inlinable public var isAtEnd: Bool { left == 0 }

  @usableFromInline
  @inline(__always)
  mutating func advance(_ count: Int) -> UnsafeRawPointer? {
    guard count <= left, let start = base else { return nil }
    base = start + count
    left -= count
    return start
  }

  @inlinable
  public mutating func uint8() -> UInt8? {
    advance(1)?.load(as: UInt8.self)
  }

  @inlinable
  public mutating func uint16() -> UInt16? {
    advance(2).map { UInt16(bigEndian: $0.loadUnaligned(as: UInt16.self)) }
  }

  @inlinable
  public mutating func uint32() -> UInt32? {
    advance(4).map { UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self)) }
  }

  @inlinable
  public mutating func uint64() -> UInt64? {
    advance(8).map { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
  }

  /// The next `count` bytes.
  @inlinable
  public mutating func bytes(_ count: Int) -> Bytes? {
    if count == 0 { return Bytes.none }
    guard count > 0, let start = advance(count) else { return nil }
    return Bytes(start: start, count: count)
  }

  /// A run with a one-byte length before it.
  @inlinable
  public mutating func bytes8() -> Bytes? {
    guard let count = uint8() else { return nil }
    return bytes(Int(count))
  }

  /// A run with a four-byte length before it.
  @inlinable
  public mutating func bytes32() -> Bytes? {
    guard let count = uint32() else { return nil }
    return bytes(Int(count))
  }

  /// All that is left.
  @inlinable
  public mutating func rest() -> Bytes {
    bytes(remaining) ?? .none
  }
}
