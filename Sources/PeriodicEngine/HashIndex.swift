internal import CPages
import PeriodicCore

/// Finds slots by hash: buckets of a cache line each, of which one is split or joined a step
/// (linear hashing).
///
/// There is no rehash of the whole, however large it grows, and so no long turn. A bucket has the
/// hashes of its entries beside their slots, so that neither a search nor a split looks at an
/// element that it does not want: with millions of them each look misses every cache. Nothing ever
/// walks the index, so the seed of the hash leaves no trace in any order.
struct HashIndex: BitwiseCopyable {
  private static var smallest: Int { 1 << HashBucket.impliedBits }
  /// Entries to a bucket on average. Those that wait for their split have up to twice as many, and
  /// then a bucket that follows them.
  private static var fill: Int { 6 }

  private var buckets = ChunkedArray<HashBucket>()
  /// Buckets that follow a full one.
  private let further = Slab<HashBucket>()
  /// Buckets at the start of the present doubling; `smallest` times a power of two.
  private var base = smallest
  private(set) var count = 0

  init() {
    for _ in 0..<Self.smallest { buckets.append(HashBucket()) }
  }

  func destroy() {
    buckets.destroy()
    further.destroy()
  }

  /// The first slot with this hash that `matches`.
  @inline(__always)
  func find(_ hash: UInt32, _ matches: (Slot) -> Bool) -> Slot? {
    let tag = HashBucket.tag(of: hash)
    var bucket = buckets[place(of: hash)]
    while true {
      for entry in 0..<bucket.count where bucket.tag(at: entry) == tag {
        let slot = bucket.slot(at: entry)
        if matches(slot) { return slot }
      }
      if !bucket.mayFollow(tag) { return nil }
      bucket = further[bucket.next]
    }
  }

  /// Somebody will soon search for this hash.
  @inline(__always)
  func expect(_ hash: UInt32) { periodic_prefetch(buckets[place(of: hash)]) }

  @inline(__always)
  mutating func insert(_ slot: Slot, hash: UInt32) {
    append(slot, HashBucket.tag(of: hash), to: buckets[place(of: hash)])
    count += 1
    if count > buckets.count * Self.fill { split() }
  }

  /// Takes out a slot that was entered under this hash.
  @inline(__always)
  mutating func remove(_ slot: Slot, hash: UInt32) {
    let first = buckets[place(of: hash)]
    let last = first.count - 1
    var bucket = first
    while true {
      if let entry = (0..<bucket.count).first(where: { bucket.slot(at: $0) == slot }) {
        bucket.set(entry, first.slot(at: last), first.tag(at: last))
        break
      }
      invariant(bucket.next != .none, "what leaves the index is in it")
      // The last one comes into one of those that follow.
      bucket.noteFurther(first.tag(at: last))
      bucket = further[bucket.next]
    }
    removeLast(of: first)
    count -= 1
    if count * 4 < buckets.count * Self.fill, buckets.count > Self.smallest { join() }
  }

  @inline(__always)
  private func place(of hash: UInt32) -> Int {
    let wide = Int(hash) & (base * 2 - 1)
    return wide < buckets.count ? wide : Int(hash) & (base - 1)
  }

  // MARK: A bucket and those that follow it

  // The first one has room, and something in it if any has; those that follow are full. So neither
  // adding nor taking away the last walks along them, however many share a hash.

  @inline(__always)
  private func append(_ slot: Slot, _ tag: UInt32, to first: UnsafeMutablePointer<HashBucket>) {
    if first.count == HashBucket.capacity {
      first.next = further.insert(first.pointee)
      for entry in 0..<HashBucket.capacity { first.noteFurther(first.tag(at: entry)) }
      first.count = 0
    }
    first.set(first.count, slot, tag)
    first.count += 1
  }

  @inline(__always)
  private func removeLast(of first: UnsafeMutablePointer<HashBucket>) {
    first.count -= 1
    if first.count == 0, case let next = first.next, next != .none {
      first.pointee = further[next].pointee
      further.remove(next)
    }
  }

  // MARK: Growing and shrinking

  /// Adds one bucket and moves into it what belongs there from its lower half.
  private mutating func split() {
    let lower = buckets[buckets.count - base]
    var old = lower.pointee
    lower.pointee = HashBucket()
    buckets.append(HashBucket())
    let (stays, goes) = (buckets[buckets.count - 1 - base], buckets[buckets.count - 1])
    withUnsafeMutablePointer(to: &old) { old in
      empty(old) { slot, tag in
        append(slot, tag, to: HashBucket.bits(of: tag) & base == 0 ? stays : goes)
      }
    }
    if buckets.count == base * 2 { base *= 2 }
    expectSplits()
  }

  /// Lets the memory of the next splits come: theirs are buckets that nobody has looked at for as
  /// long as the index took to double. First the bucket, a split later what follows it.
  private func expectSplits() {
    let next = buckets.count - base
    periodic_prefetch(buckets[next + 1])
    if case let following = buckets[next].next, following != .none {
      periodic_prefetch(further[following])
    }
  }

  /// Takes the last bucket away and puts what was in it into its lower half.
  private mutating func join() {
    if buckets.count == base { base /= 2 }
    let lower = buckets[buckets.count - 1 - base]
    empty(buckets[buckets.count - 1]) { slot, tag in append(slot, tag, to: lower) }
    buckets.removeLast()
  }

  private func empty(
    _ bucket: UnsafeMutablePointer<HashBucket>, _ body: (Slot, UInt32) -> Void
  ) {
    while bucket.count > 0 {
      body(bucket.slot(at: bucket.count - 1), bucket.tag(at: bucket.count - 1))
      removeLast(of: bucket)
    }
  }
}

/// A cache line of the index: up to eight slots, and of each what its hash has beside the bits that
/// the bucket's own place tells.
///
///     0 slots, 8 x 4 | 32 middle of the hashes, 8 x 2 | 48 their ends, 8 x 1 | 56 next | 60 count
///     61 a bit for each hash that may be in one of those that follow, 3 bytes
struct HashBucket: BitwiseCopyable {
  /// Lets it begin with a cache line.
  private var words = SIMD16<UInt32>(repeating: 0)

  static var capacity: Int { 8 }
  /// Low bits of a hash that are the same in all of a bucket, however small the index is.
  static var impliedBits: Int { 8 }

  init() { words[14] = .none }

  @inline(__always)
  static func tag(of hash: UInt32) -> UInt32 { hash >> UInt32(impliedBits) }

  /// The bits of the hash that its tag has, in their places.
  @inline(__always)
  static func bits(of tag: UInt32) -> Int { Int(tag) << impliedBits }
}

extension UnsafeMutablePointer<HashBucket> {
  @inline(__always)
  private var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(self) }

  /// The bucket with more of the same.
  @inline(__always)
  var next: Slot {
    get { raw.load(fromByteOffset: 56, as: Slot.self) }
    nonmutating set { raw.storeBytes(of: newValue, toByteOffset: 56, as: Slot.self) }
  }

  @inline(__always)
  var count: Int {
    get { Int(raw.load(fromByteOffset: 60, as: UInt8.self)) }
    nonmutating set { raw.storeBytes(of: UInt8(newValue), toByteOffset: 60, as: UInt8.self) }
  }

  /// Whether what has this tag may be in one of the buckets that follow. Most of what is not in the
  /// index is not looked for there.
  @inline(__always)
  func mayFollow(_ tag: UInt32) -> Bool { countAndFurther & Self.bit(of: tag) != 0 }

  @inline(__always)
  func noteFurther(_ tag: UInt32) { countAndFurther |= Self.bit(of: tag) }

  @inline(__always)
  private var countAndFurther: UInt32 {
    get { raw.load(fromByteOffset: 60, as: UInt32.self) }
    nonmutating set { raw.storeBytes(of: newValue, toByteOffset: 60, as: UInt32.self) }
  }

  /// One of 24, by the end of the hash; its middle may be alike in all of a bucket.
  @inline(__always)
  private static func bit(of tag: UInt32) -> UInt32 { 1 << (8 + (tag &* 24) >> 24) }

  @inline(__always)
  func slot(at entry: Int) -> Slot { raw.load(fromByteOffset: entry * 4, as: Slot.self) }

  @inline(__always)
  func tag(at entry: Int) -> UInt32 {
    UInt32(raw.load(fromByteOffset: 32 + entry * 2, as: UInt16.self))
      | UInt32(raw.load(fromByteOffset: 48 + entry, as: UInt8.self)) << 16
  }

  @inline(__always)
  func set(_ entry: Int, _ slot: Slot, _ tag: UInt32) {
    raw.storeBytes(of: slot, toByteOffset: entry * 4, as: Slot.self)
    raw.storeBytes(
      of: UInt16(truncatingIfNeeded: tag), toByteOffset: 32 + entry * 2, as: UInt16.self)
    raw.storeBytes(
      of: UInt8(truncatingIfNeeded: tag >> 16), toByteOffset: 48 + entry, as: UInt8.self)
  }
}

/// The hash of a number that this process chose itself.
@inline(__always)
func numberHash(_ number: UInt64) -> UInt32 {
  UInt32(truncatingIfNeeded: (number &* 0x9e37_79b9_7f4a_7c15) >> 32)
}
