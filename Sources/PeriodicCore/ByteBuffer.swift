/// A growable run of bytes that is written at the end and consumed at the front.
///
/// One owner, one allocation; the space before `start` is reused before the buffer grows. Numbers
/// are written big-endian, as on the wire.
///
/// - Invariant: `0 ≤ start ≤ end ≤ capacity`.
public struct ByteBuffer: ~Copyable {
  @usableFromInline var storage: UnsafeMutableRawPointer?
  @usableFromInline var capacity = 0
  @usableFromInline var start = 0
  @usableFromInline var end = 0

  @inlinable
  public init() {}

  deinit { storage?.deallocate() }

  /// Bytes written and not yet consumed.
  @inlinable public var count: Int { end - start }
  @inlinable public var isEmpty: Bool { end == start }
  /// Bytes of memory held, used or not.
  @inlinable public var footprint: Int { capacity }

  /// What is in the buffer; valid until it is next changed.
  @inlinable public var bytes: Bytes {
    guard let storage, end > start else { return .none }
    return Bytes(start: UnsafeRawPointer(storage) + start, count: end - start)
  }

  /// Makes room for `count` more bytes.
  @inlinable
  public mutating func reserve(_ count: Int) {
    if capacity - end < count { makeRoom(count) }
  }

  @usableFromInline
  @inline(never)
  mutating func makeRoom(_ count: Int) {
    let used = end - start
    if let storage, start > 0, capacity - used >= count, used <= capacity / 2 {
      storage.copyMemory(from: storage + start, byteCount: used)
    } else {
      let wanted = max(256, used + count, capacity + capacity / 2)
      let fresh = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
      if let storage {
        fresh.copyMemory(from: storage + start, byteCount: used)
        storage.deallocate()
      }
      storage = fresh
      capacity = wanted
    }
    start = 0
    end = used
  }

  @inlinable
  public mutating func append(_ bytes: Bytes) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(bytes.count)
    storage.unsafelyUnwrapped.advanced(by: end).copyMemory(from: source, byteCount: bytes.count)
    end += bytes.count
  }

  @inlinable
  public mutating func append(_ text: StaticString) {
    append(Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  @inlinable
  public mutating func append(text: String) {
    withBytes(of: text) { append($0) }
  }

  @inlinable
  public mutating func append(uint8 value: UInt8) {
    reserve(1)
    storage.unsafelyUnwrapped.storeBytes(of: value, toByteOffset: end, as: UInt8.self)
    end += 1
  }

  @inlinable
  public mutating func append(uint16 value: UInt16) {
    reserve(2)
    storage.unsafelyUnwrapped.storeBytes(
      of: value.bigEndian, toByteOffset: end, as: UInt16.self)
    end += 2
  }

  @inlinable
  public mutating func append(uint32 value: UInt32) {
    reserve(4)
    storage.unsafelyUnwrapped.storeBytes(
      of: value.bigEndian, toByteOffset: end, as: UInt32.self)
    end += 4
  }

  @inlinable
  public mutating func append(uint64 value: UInt64) {
    reserve(8)
    storage.unsafelyUnwrapped.storeBytes(
      of: value.bigEndian, toByteOffset: end, as: UInt64.self)
    end += 8
  }

  /// A run with a one-byte length before it; `bytes` has at most 255.
  @inlinable
  public mutating func append(bytes8 bytes: Bytes) {
    append(uint8: UInt8(bytes.count))
    append(bytes)
  }

  /// A run with a four-byte length before it.
  @inlinable
  public mutating func append(bytes32 bytes: Bytes) {
    append(uint32: UInt32(bytes.count))
    append(bytes)
  }

  /// `value` in decimal digits.
  public mutating func append(decimal value: Int64) {
    if value < 0 { append(uint8: 0x2d) }
    var rest = value.magnitude
    let digits = withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { scratch in
      var position = 20
      repeat {
        position -= 1
        scratch[position] = UInt8(0x30 + rest % 10)
        rest /= 10
      } while rest > 0
      append(Bytes(rebasing: scratch[position...]))
      return 20 - position
    }
    invariant(digits > 0, "a number has a digit")
  }

  /// Overwrites the four bytes at `offset` from the first unconsumed byte.
  @inlinable
  public mutating func put(uint32 value: UInt32, at offset: Int) {
    invariant(offset >= 0 && start + offset + 4 <= end, "a patch lies inside the buffer")
    storage.unsafelyUnwrapped.storeBytes(
      of: value.bigEndian, toByteOffset: start + offset, as: UInt32.self)
  }

  /// Overwrites what is at `offset` from the first unconsumed byte.
  public mutating func put(_ bytes: Bytes, at offset: Int) {
    invariant(offset >= 0 && start + offset + bytes.count <= end, "a patch lies inside the buffer")
    guard let source = bytes.baseAddress, let storage else { return }
    (storage + start + offset).copyMemory(from: source, byteCount: bytes.count)
  }

  /// Drops the first `count` bytes.
  @inlinable
  public mutating func consume(_ count: Int) {
    invariant(count >= 0 && count <= end - start, "only what is there can be consumed")
    start += count
    if start == end {
      start = 0
      end = 0
    }
  }

  /// Drops the last bytes, down to `count`.
  @inlinable
  public mutating func truncate(to count: Int) {
    invariant(count >= 0 && count <= end - start, "a buffer is cut to less than it holds")
    end = start + count
  }

  /// Empties the buffer, and gives its memory back when that is more than `keep` bytes.
  @inlinable
  public mutating func reset(keeping keep: Int = .max) {
    start = 0
    end = 0
    if capacity > keep {
      storage?.deallocate()
      storage = nil
      capacity = 0
    }
  }
}
