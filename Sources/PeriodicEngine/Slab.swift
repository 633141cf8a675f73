import PeriodicCore

/// A place in a slab; `none` stands where there is no element.
typealias Slot = UInt32

extension Slot {
  @inline(__always) static var none: Slot { .max }
}

/// Elements of one kind, in chunks that never move: a slot's address is good until it is freed.
///
/// A handle to shared storage, so that heaps and indexes can be lent the elements they order. The
/// engine owns the storage and calls `destroy` once.
struct Slab<Element: BitwiseCopyable> {
  private struct Storage {
    var chunks: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
    var chunkCapacity: Int
    var chunkCount: Int
    /// Slots ever handed out: the next fresh one.
    var used: Slot
    /// Head of the list of freed slots, linked through their first four bytes.
    var free: Slot
    var count: Int
  }

  private static var shift: Slot { 10 }
  private static var chunkSize: Int { 1 << Int(shift) }
  private static var mask: Slot { Slot(chunkSize - 1) }

  private let storage: UnsafeMutablePointer<Storage>

  init() {
    invariant(MemoryLayout<Element>.size >= 4, "a freed element has room for a link")
    storage = .allocate(capacity: 1)
    storage.initialize(
      to: Storage(
        chunks: .allocate(capacity: 8), chunkCapacity: 8, chunkCount: 0, used: 0, free: .none,
        count: 0))
  }

  /// Gives all memory back; the slab must not be used again.
  func destroy() {
    for chunk in 0..<storage.pointee.chunkCount { storage.pointee.chunks[chunk].deallocate() }
    storage.pointee.chunks.deallocate()
    storage.deallocate()
  }

  /// Slots ever handed out: all elements lie below.
  var end: Slot { storage.pointee.used }

  /// Elements in use.
  var count: Int { storage.pointee.count }

  @inline(__always)
  subscript(_ slot: Slot) -> UnsafeMutablePointer<Element> {
    storage.pointee.chunks[Int(slot >> Self.shift)] + Int(slot & Self.mask)
  }

  @inline(__always)
  func insert(_ element: Element) -> Slot {
    storage.pointee.count += 1
    let free = storage.pointee.free
    if free != .none {
      storage.pointee.free = UnsafeRawPointer(self[free]).load(as: Slot.self)
      self[free].initialize(to: element)
      return free
    }
    let slot = storage.pointee.used
    invariant(slot < .none - 1, "a slab has fewer than 2^32 elements")
    if Int(slot >> Self.shift) == storage.pointee.chunkCount { addChunk() }
    storage.pointee.used = slot + 1
    self[slot].initialize(to: element)
    return slot
  }

  @inline(__always)
  func remove(_ slot: Slot) {
    storage.pointee.count -= 1
    UnsafeMutableRawPointer(self[slot]).storeBytes(of: storage.pointee.free, as: Slot.self)
    storage.pointee.free = slot
  }

  private func addChunk() {
    let count = storage.pointee.chunkCount
    if count == storage.pointee.chunkCapacity {
      let wider = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(capacity: count * 2)
      wider.initialize(from: storage.pointee.chunks, count: count)
      storage.pointee.chunks.deallocate()
      storage.pointee.chunks = wider
      storage.pointee.chunkCapacity = count * 2
    }
    storage.pointee.chunks[count] = .allocate(capacity: Self.chunkSize)
    storage.pointee.chunkCount = count + 1
  }
}
