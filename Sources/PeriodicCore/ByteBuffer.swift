/// A growable run of bytes that is written at the end and consumed at the front.
///
/// One owner, one allocation; the space before `start` is reused before the buffer grows. What is
/// written can be shared, and then takes no room here any more. Numbers are written big-endian, as
/// on the wire.
///
/// - Invariant: `0 ≤ start ≤ end ≤ capacity`; while the memory is shared `capacity` is 0.
public struct ByteBuffer: ~Copyable {
  @usableFromInline var storage: UnsafeMutableRawPointer?
  @usableFromInline var capacity = 0
  @usableFromInline var start = 0
  @usableFromInline var end = 0
  /// Keeps the memory that others read in as well: nothing is written there any more.
  @usableFromInline var shared: SharedMemory?

  @inlinable
  public init() {}

  deinit { if let storage, shared == nil { Memory.free(storage, capacity) } }

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
    } else if let storage, capacity >= Memory.pages {
      let wanted = max(end + count, capacity + capacity / 2)
      self.storage = Memory.resize(storage, capacity, to: wanted)
      capacity = wanted
      return
    } else {
      var wanted = max(256, used + count, capacity + capacity / 2)
      let fresh = Memory.allocate(atLeast: &wanted)
      if let storage { fresh.copyMemory(from: storage + start, byteCount: used) }
      releaseMemory()
      storage = fresh
      capacity = wanted
    }
    start = 0
    end = used
  }

  @usableFromInline
  @inline(never)
  mutating func releaseMemory() {
    if let storage, shared == nil { Memory.free(storage, capacity) }
    storage = nil
    shared = nil
    capacity = 0
  }

  /// Lets others keep some of what is in the buffer, without a copy; `nil` if `run` lies elsewhere.
  ///
  /// - Parameter sum: the run's CRC-32.
  public mutating func share(_ run: Bytes, sum: UInt32) -> SharedBytes? {
    guard let first = run.baseAddress, let storage, first >= UnsafeRawPointer(storage) + start,
      first + run.count <= UnsafeRawPointer(storage) + end
    else { return nil }
    if shared == nil {
      // The run stays where it is: what is given back is behind it.
      var size = capacity
      if size >= Memory.pages { size = Memory.trim(storage, size, to: max(Memory.pages, end)) }
      shared = SharedMemory(storage, size)
      capacity = 0
    }
    return shared.map { SharedBytes(run, $0, sum: sum) }
  }

  @inlinable
  public mutating func append(_ bytes: Bytes) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(bytes.count)
    storage.unsafelyUnwrapped.advanced(by: end).copyMemory(from: source, byteCount: bytes.count)
    end += bytes.count
  }

  /// Appends bytes of something of which `more` are said to follow: where more room is needed there
  /// is some for these, but no more than for seven times what has come.
  public mutating func append(_ bytes: Bytes, expecting more: Int) {
    if capacity - end < bytes.count {
      makeRoom(bytes.count + min(more, 7 * (count + bytes.count)))
    }
    append(bytes)
  }

  /// Appends `count` bytes that the caller writes, all of them, before the buffer is next changed.
  @inlinable
  public mutating func extend(by count: Int) -> UnsafeMutableRawPointer {
    reserve(count)
    end += count
    return storage.unsafelyUnwrapped + (end - count)
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
    if capacity > keep || shared != nil { releaseMemory() }
  }
}
