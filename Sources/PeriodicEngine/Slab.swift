import PeriodicCore

/// A place in a slab; `none` stands where there is no element.
typealias Slot = UInt32

extension Slot {
  @inline(__always) static var none: Slot { .max }
}

/// Elements of one kind, in chunks that never move: a slot's address is good until it is freed.
///
/// The directory of the chunks has its full size from the start, so that it never moves either and
/// an element is two loads away. Of both the system gives memory only for what is used.
///
/// A handle to shared storage, so that heaps and indexes can be lent the elements they order. The
/// engine owns the storage and calls `destroy` once.
struct Slab<Element: BitwiseCopyable> {
  private struct Counts {
    /// Slots ever handed out: the next fresh one.
    var used: Slot = 0
    /// Head of the list of freed slots, linked through their first four bytes.
    var free: Slot = .none
    var count = 0
  }

  private static var shift: Slot { 14 }
  private static var chunkSize: Int { 1 << Int(shift) }
  private static var stride: UInt { UInt(MemoryLayout<Element>.stride) }

  /// Of each chunk where it would begin if it had all slots from 0 on.
  private let origins: UnsafeMutablePointer<UInt>
  private let counts: UnsafeMutablePointer<Counts>

  init() {
    invariant(MemoryLayout<Element>.size >= 4, "a freed element has room for a link")
    origins = .allocate(capacity: Int(Slot.max >> Self.shift) + 1)
    counts = .allocate(capacity: 1)
    counts.initialize(to: Counts())
  }

  /// Gives all memory back; the slab must not be used again.
  func destroy() {
    let chunkCount = (Int(counts.pointee.used) + Self.chunkSize - 1) >> Int(Self.shift)
    for chunk in 0..<chunkCount { self[Slot(chunk) << Self.shift].deallocate() }
    origins.deallocate()
    counts.deallocate()
  }

  /// Slots ever handed out: all elements lie below.
  var end: Slot { counts.pointee.used }

  /// Elements in use.
  var count: Int { counts.pointee.count }

  @inline(__always)
  subscript(_ slot: Slot) -> UnsafeMutablePointer<Element> {
    let address = origins[Int(slot >> Self.shift)] &+ UInt(slot) &* Self.stride
    return UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped
  }

  @inline(__always)
  func insert(_ element: Element) -> Slot {
    counts.pointee.count += 1
    let free = counts.pointee.free
    if free != .none {
      let place = self[free]
      counts.pointee.free = UnsafeRawPointer(place).load(as: Slot.self)
      place.initialize(to: element)
      return free
    }
    let slot = freshSlot()
    self[slot].initialize(to: element)
    return slot
  }

  @inline(__always)
  func remove(_ slot: Slot) {
    counts.pointee.count -= 1
    UnsafeMutableRawPointer(self[slot]).storeBytes(of: counts.pointee.free, as: Slot.self)
    counts.pointee.free = slot
  }

  private func freshSlot() -> Slot {
    let slot = counts.pointee.used
    invariant(slot < .none - 1, "a slab has fewer than 2^32 elements")
    if Int(slot) % Self.chunkSize == 0 {
      let chunk = UnsafeMutablePointer<Element>.allocate(capacity: Self.chunkSize)
      origins[Int(slot >> Self.shift)] = UInt(bitPattern: chunk) &- UInt(slot) &* Self.stride
    }
    counts.pointee.used = slot + 1
    return slot
  }
}
