import Testing

@testable import PeriodicEngine

/// An index against a dictionary, through growing and shrinking.
@Suite struct `An index of slots` {
  private func hash(_ slot: Slot) -> UInt32 { numberHash(UInt64(slot)) }

  @Test func `finds what is in it and nothing else, while it grows and shrinks`() {
    var index = HashIndex()
    defer { index.destroy() }
    let count: Slot = 20_000
    for slot in 0..<count { index.insert(slot, hash: hash(slot)) }
    #expect((0..<count).allSatisfy { slot in index.find(hash(slot)) { $0 == slot } == slot })
    for slot in 0..<count where slot % 7 != 0 { index.remove(slot, hash: hash(slot)) }
    #expect(index.count == 2858)
    let found = (0..<2 * count).filter { slot in index.find(hash(slot)) { $0 == slot } != nil }
    #expect(found == (0..<count).filter { $0 % 7 == 0 })
    for slot in found { index.remove(slot, hash: hash(slot)) }
    #expect(index.count == 0 && index.find(hash(0)) { _ in true } == nil)
  }

  @Test(arguments: [0, 0x1234_5600, UInt32.max])
  func `shows every slot of one hash, however many there are`(_ hash: UInt32) {
    var index = HashIndex()
    defer { index.destroy() }
    for slot in 0..<5000 as Range<Slot> {
      index.insert(slot, hash: hash)
      index.insert(slot + 10_000, hash: self.hash(slot) &* 3 | 1)
    }
    for slot in stride(from: 0, to: 5000, by: 2) as StrideTo<Slot> {
      index.remove(slot, hash: hash)
    }
    var seen: Set<Slot> = []
    _ = index.find(hash) { slot in
      seen.insert(slot)
      return false
    }
    #expect(seen.filter { $0 < 5000 } == Set(stride(from: 1, to: 5000, by: 2)))
  }

  @Test func `finds what has moved from one bucket of a place to another`() {
    var index = HashIndex()
    defer { index.destroy() }
    // They share the first bits, and so one place, and differ in the last.
    func hash(_ slot: Slot) -> UInt32 { slot &* 0x3d00_0000 | slot << 8 & 0xff00 | 0x5a }
    for slot in 0..<64 as Range<Slot> { index.insert(slot, hash: hash(slot)) }
    var left = Array(0..<64 as Range<Slot>)
    while let slot = left.first {
      index.remove(slot, hash: hash(slot))
      left.removeFirst()
      // The oldest stand last, so each takes the place of another bucket's newest.
      #expect(left.allSatisfy { other in index.find(hash(other)) { $0 == other } == other })
      #expect(index.find(hash(slot)) { $0 == slot } == nil)
    }
  }
}
