/// A borrowed run of bytes: valid until the call that handed it over returns.
///
/// Commands, replies and effects carry names and workloads this way, so that the path from socket
/// to engine and back copies each byte only where it comes to rest: in a job, in an output buffer,
/// or in a batch for the store. Whoever wants to keep the bytes copies them.
public typealias Bytes = UnsafeRawBufferPointer

extension UnsafeRawBufferPointer {
  /// No bytes.
  @inlinable public static var none: Bytes { Bytes(start: nil, count: 0) }

  /// Whether both hold the same bytes.
  @inlinable @inline(__always)
  public func equals(_ other: Bytes) -> Bool {
    guard count == other.count else { return false }
    guard let left = baseAddress, let right = other.baseAddress else { return true }
    return equalMemory(left, right, count)
  }

  /// Whether these bytes sort before `other`: byte by byte as unsigned numbers, then by length.
  public func precedes(_ other: Bytes) -> Bool {
    for index in 0..<Swift.min(count, other.count) where self[index] != other[index] {
      return self[index] < other[index]
    }
    return count < other.count
  }

  /// The bytes as text; invalid UTF-8 becomes U+FFFD.
  public var text: String { String(decoding: self, as: UTF8.self) }
}

extension UnsafeMutableRawPointer {
  /// Copies bytes to here. Names are mostly short, and a call would cost more than the copy.
  @inlinable @inline(__always)
  public func copyShort(_ bytes: Bytes) {
    guard let source = bytes.baseAddress else { return }
    switch bytes.count {
    case 8...16: copyEnds(source, bytes.count, as: UInt64.self)
    case 4..<8: copyEnds(source, bytes.count, as: UInt32.self)
    case 2..<4: copyEnds(source, bytes.count, as: UInt16.self)
    case 1: storeBytes(of: source.load(as: UInt8.self), as: UInt8.self)
    default: copyMemory(from: source, byteCount: bytes.count)
    }
  }

  /// Copies what two of these words cover: from the first byte on, and up to the last.
  @inlinable @inline(__always)
  func copyEnds<Word: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ count: Int, as: Word.Type
  ) {
    let place = count - MemoryLayout<Word>.size
    let first = source.loadUnaligned(as: Word.self)
    let last = source.loadUnaligned(fromByteOffset: place, as: Word.self)
    storeBytes(of: first, as: Word.self)
    storeBytes(of: last, toByteOffset: place, as: Word.self)
  }
}

extension StaticString {
  /// The text's UTF-8, which lives as long as the process.
  public var bytes: Bytes { Bytes(start: utf8Start, count: utf8CodeUnitCount) }
}

/// Compares two runs of `count` bytes, eight at a time.
@inlinable @inline(__always)
func equalMemory(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ count: Int) -> Bool {
  var offset = 0
  while offset + 8 <= count {
    let a = left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    if a != right.loadUnaligned(fromByteOffset: offset, as: UInt64.self) { return false }
    offset += 8
  }
  while offset < count {
    if left.load(fromByteOffset: offset, as: UInt8.self)
      != right.load(fromByteOffset: offset, as: UInt8.self)
    {
      return false
    }
    offset += 1
  }
  return true
}

/// Lends the UTF-8 bytes of `text` to `body`.
@inlinable
public func withBytes<Result>(of text: String, _ body: (Bytes) throws -> Result) rethrows -> Result
{
  var text = text
  return try text.withUTF8 { try body(Bytes($0)) }
}
