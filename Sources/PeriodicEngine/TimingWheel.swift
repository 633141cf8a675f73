import PeriodicCore

/// An element of a slab that can lie in one timing wheel and knows its place there.
protocol WheelElement: BitwiseCopyable {
  /// When its time comes. Changed only by the wheel.
  var wheelKey: Int64 { get set }
  /// The bucket it lies in, -1 outside, and its neighbours there.
  var wheelBucket: Int16 { get set }
  var wheelNext: Slot { get set }
  var wheelPrevious: Slot { get set }
  /// Decides between equal keys.
  var wheelTie: UInt64 { get }
}

/// Elements by the time at which something happens to them, which for most of them never comes:
/// entering and leaving touch the neighbours alone, however many there are.
///
/// A level for each six bits of a time: an element lies at the level of the highest digit in which
/// its key differs from `base`, in the bucket of that digit. When the base reaches a bucket, its
/// elements move to lower levels; at the lowest all of a bucket have the same key.
///
/// - Invariant: no key is below `base`, except of what was entered too late, which lies in the
///   base's own bucket.
struct TimingWheel<Element: WheelElement> {
  private static var bits: Int { 6 }
  private static var width: Int { 1 << bits }
  private static var levels: Int { 11 }

  /// The first and last of each bucket.
  private let heads: UnsafeMutablePointer<Slot>
  private let tails: UnsafeMutablePointer<Slot>
  /// Buckets of each level that are not empty.
  private let occupied: UnsafeMutablePointer<UInt64>
  private var base: UInt64 = 0
  /// The base's own bucket is in order.
  private var isSorted = false
  private(set) var count = 0

  init() {
    let buckets = Self.levels * Self.width
    heads = .allocate(capacity: buckets)
    tails = .allocate(capacity: buckets)
    occupied = .allocate(capacity: Self.levels)
    heads.initialize(repeating: .none, count: buckets)
    tails.initialize(repeating: .none, count: buckets)
    occupied.initialize(repeating: 0, count: Self.levels)
  }

  func destroy() {
    heads.deallocate()
    tails.deallocate()
    occupied.deallocate()
  }

  @inline(__always)
  mutating func insert(_ slot: Slot, key: Int64, in slab: Slab<Element>) {
    let element = slab[slot]
    element.pointee.wheelKey = key
    link(slot, element, in: slab)
    count += 1
  }

  @inline(__always)
  mutating func remove(_ slot: Slot, in slab: Slab<Element>) {
    let element = slab[slot]
    unlink(element, in: slab)
    element.pointee.wheelBucket = -1
    count -= 1
  }

  /// The element whose time comes first, if it has come by `time`; the lesser tie of several.
  ///
  /// - Parameter left: how many elements may still be moved on the way; none when there is too much
  ///   to do for one call, and then `nil`.
  mutating func first(by time: Int64, in slab: Slab<Element>, left: inout Int) -> Slot? {
    let time = Self.unsigned(time)
    while count > 0, left > 0 {
      let (level, bucket) = firstBucket()
      let start = start(of: bucket, at: level)
      if start > time { break }
      if start != base { isSorted = false }
      base = start
      if level == 0 {
        if !isSorted { sort(bucket, in: slab) }
        isSorted = true
        return heads[bucket]
      }
      while heads[bucket] != .none, left > 0 {
        let slot = heads[bucket]
        let element = slab[slot]
        unlink(element, in: slab)
        link(slot, element, in: slab)
        left -= 1
      }
    }
    // Nothing lies between: what comes now has fewer levels to go.
    if left > 0, time > base {
      base = time
      isSorted = false
    }
    return nil
  }

  /// When to look again: the time of the first element, or somewhat before it.
  var next: Int64? {
    if count == 0 { return nil }
    let (level, bucket) = firstBucket()
    return Int64(bitPattern: start(of: bucket, at: level) ^ Self.signBit)
  }

  /// Shows every element, and checks where it lies.
  func forEach(in slab: Slab<Element>, _ body: (Slot) -> Void) {
    for bucket in 0..<Self.levels * Self.width {
      let isMarked = occupied[bucket >> Self.bits] >> UInt64(bucket & (Self.width - 1)) & 1 == 1
      invariant(isMarked == (heads[bucket] != .none), "a wheel knows its empty buckets")
      var (before, slot) = (Slot.none, heads[bucket])
      while slot != .none {
        invariant(slab[slot].pointee.wheelBucket == bucket, "an element knows its bucket")
        invariant(slab[slot].pointee.wheelPrevious == before, "a bucket is linked both ways")
        body(slot)
        (before, slot) = (slot, slab[slot].pointee.wheelNext)
      }
      invariant(tails[bucket] == before, "a bucket knows its end")
    }
  }

  // MARK: Buckets

  private static var signBit: UInt64 { 1 << 63 }

  /// In the same order, and never negative.
  private static func unsigned(_ time: Int64) -> UInt64 { UInt64(bitPattern: time) ^ signBit }

  /// The first bucket in the order of time that is not empty. One that the base has reached, and
  /// that could not be emptied in one call, comes before what has moved down from it.
  private func firstBucket() -> (level: Int, bucket: Int) {
    for level in 1..<Self.levels {
      let digit = digit(of: base, at: level)
      if occupied[level] >> UInt64(digit) & 1 == 1 { return (level, level << Self.bits + digit) }
    }
    for level in 0..<Self.levels where occupied[level] != 0 {
      return (level, level << Self.bits + occupied[level].trailingZeroBitCount)
    }
    fatalError("a wheel that is not empty has a bucket that is not")
  }

  /// The least time that belongs into a bucket.
  private func start(of bucket: Int, at level: Int) -> UInt64 {
    let shift = UInt64(level * Self.bits)
    // Smart shifts: at the highest level nothing is above.
    let above = (base >> (shift + UInt64(Self.bits))) << (shift + UInt64(Self.bits))
    return above | UInt64(bucket & (Self.width - 1)) << shift
  }

  @inline(__always)
  private func digit(of time: UInt64, at level: Int) -> Int {
    Int(truncatingIfNeeded: time >> UInt64(level * Self.bits)) & (Self.width - 1)
  }

  @inline(__always)
  private mutating func link(
    _ slot: Slot, _ element: UnsafeMutablePointer<Element>, in slab: Slab<Element>
  ) {
    let key = max(Self.unsigned(element.pointee.wheelKey), base)
    let level = (63 - ((key ^ base) | 1).leadingZeroBitCount) / Self.bits
    let digit = digit(of: key, at: level)
    let bucket = level << Self.bits + digit
    let last = tails[bucket]
    if key == base { isSorted = false }
    element.pointee.wheelBucket = Int16(truncatingIfNeeded: bucket)
    element.pointee.wheelPrevious = last
    element.pointee.wheelNext = .none
    tails[bucket] = slot
    if last == .none {
      heads[bucket] = slot
      occupied[level] |= 1 << UInt64(digit)
    } else {
      slab[last].pointee.wheelNext = slot
    }
  }

  @inline(__always)
  private mutating func unlink(_ element: UnsafeMutablePointer<Element>, in slab: Slab<Element>) {
    let bucket = Int(element.pointee.wheelBucket)
    let (before, after) = (element.pointee.wheelPrevious, element.pointee.wheelNext)
    if before == .none { heads[bucket] = after } else { slab[before].pointee.wheelNext = after }
    if after == .none { tails[bucket] = before } else { slab[after].pointee.wheelPrevious = before }
    if heads[bucket] == .none {
      occupied[bucket >> Self.bits] &= ~(1 << UInt64(bucket & (Self.width - 1)))
    }
  }

  /// Puts a bucket of the lowest level into the order of its keys and ties, if it is not in it.
  private mutating func sort(_ bucket: Int, in slab: Slab<Element>) {
    func order(_ slot: Slot) -> (Int64, UInt64) {
      (slab[slot].pointee.wheelKey, slab[slot].pointee.wheelTie)
    }
    var slots: [Slot] = []
    var isInOrder = true
    var slot = heads[bucket]
    while slot != .none {
      if let last = slots.last, order(last) > order(slot) { isInOrder = false }
      slots.append(slot)
      slot = slab[slot].pointee.wheelNext
    }
    if isInOrder { return }
    slots.sort { order($0) < order($1) }
    for slot in slots { unlink(slab[slot], in: slab) }
    for slot in slots { link(slot, slab[slot], in: slab) }
  }
}
