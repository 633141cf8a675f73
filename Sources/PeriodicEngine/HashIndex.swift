import PeriodicCore

/// An element of a slab that can hang in one hash index.
protocol HashElement: BitwiseCopyable {
  var hash: UInt32 { get set }
  /// The next element of the same bucket.
  var hashNext: Slot { get set }
}

/// Finds slots by hash: chains in buckets, one bucket split or joined a step (linear hashing).
///
/// There is no rehash of the whole, however large it grows, and so no long turn. Nothing ever walks
/// the index, so the per-process seed of the hash leaves no trace in any order.
struct HashIndex<Element: HashElement>: BitwiseCopyable {
  private static var smallest: Int { 16 }

  private var buckets = ChunkedArray<Slot>()
  /// Buckets at the start of the present doubling; `smallest` times a power of two.
  private var base = 16
  private(set) var count = 0

  init() {
    for _ in 0..<Self.smallest { buckets.append(.none) }
  }

  func destroy() { buckets.destroy() }

  /// The first element with this hash that `matches`.
  @inline(__always)
  func find(_ hash: UInt32, in slab: Slab<Element>, _ matches: (Slot) -> Bool) -> Slot? {
    var slot = buckets[bucket(of: hash)].pointee
    while slot != .none {
      let element = slab[slot]
      if element.pointee.hash == hash, matches(slot) { return slot }
      slot = element.pointee.hashNext
    }
    return nil
  }

  mutating func insert(_ slot: Slot, hash: UInt32, in slab: Slab<Element>) {
    slab[slot].pointee.hash = hash
    push(slot, into: bucket(of: hash), in: slab)
    count += 1
    if count > buckets.count { split(in: slab) }
  }

  mutating func remove(_ slot: Slot, in slab: Slab<Element>) {
    let bucket = bucket(of: slab[slot].pointee.hash)
    let after = slab[slot].pointee.hashNext
    var before = buckets[bucket].pointee
    if before == slot {
      buckets[bucket].pointee = after
    } else {
      while slab[before].pointee.hashNext != slot { before = slab[before].pointee.hashNext }
      slab[before].pointee.hashNext = after
    }
    slab[slot].pointee.hashNext = .none
    count -= 1
    if count < buckets.count / 4, buckets.count > Self.smallest { join(in: slab) }
  }

  @inline(__always)
  private func bucket(of hash: UInt32) -> Int {
    let wide = Int(hash) & (base * 2 - 1)
    return wide < buckets.count ? wide : Int(hash) & (base - 1)
  }

  private func push(_ slot: Slot, into bucket: Int, in slab: Slab<Element>) {
    slab[slot].pointee.hashNext = buckets[bucket].pointee
    buckets[bucket].pointee = slot
  }

  /// Adds one bucket and moves into it what belongs there from its lower half.
  private mutating func split(in slab: Slab<Element>) {
    let lower = buckets.count - base
    let upper = buckets.count
    buckets.append(.none)
    var slot = buckets[lower].pointee
    buckets[lower].pointee = .none
    while slot != .none {
      let next = slab[slot].pointee.hashNext
      let wide = Int(slab[slot].pointee.hash) & (base * 2 - 1)
      push(slot, into: wide == upper ? upper : lower, in: slab)
      slot = next
    }
    if buckets.count == base * 2 { base *= 2 }
  }

  /// Takes the last bucket away and hangs what was in it into its lower half.
  private mutating func join(in slab: Slab<Element>) {
    if buckets.count == base { base /= 2 }
    let upper = buckets.count - 1
    var slot = buckets[upper].pointee
    buckets.removeLast()
    while slot != .none {
      let next = slab[slot].pointee.hashNext
      push(slot, into: upper - base, in: slab)
      slot = next
    }
  }
}

/// The seeded hash of bytes that come from outside, with a number that keeps tables apart.
@inline(__always)
func seededHash(_ bytes: Bytes, _ salt: UInt64) -> UInt32 {
  var hasher = Hasher()
  hasher.combine(salt)
  hasher.combine(bytes: bytes)
  return UInt32(truncatingIfNeeded: hasher.finalize())
}

/// The hash of a message id of one connection. A peer chooses its ids, so the hash is seeded.
@inline(__always)
func messageHash(_ message: MessageID, _ peer: Slot) -> UInt32 {
  var hasher = Hasher()
  hasher.combine(message.number)
  hasher.combine(peer)
  return UInt32(truncatingIfNeeded: hasher.finalize())
}

/// The hash of a number that this process chose itself.
@inline(__always)
func numberHash(_ number: UInt64) -> UInt32 {
  UInt32(truncatingIfNeeded: (number &* 0x9e37_79b9_7f4a_7c15) >> 32)
}
