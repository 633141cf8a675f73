import Testing

@testable import PeriodicEngine

/// The wheel against a list that is sorted when it is asked.
@Suite struct `A timing wheel` {
  private struct Item: WheelElement {
    var number: UInt64
    var wheelKey: Int64 = 0
    var wheelBucket: Int16 = -1
    var wheelNext: Slot = .none
    var wheelPrevious: Slot = .none
    var wheelTie: UInt64 { number }
  }

  /// A wheel with its elements, and what it should hold.
  private final class Bench {
    let slab = Slab<Item>()
    var wheel = TimingWheel<Item>()
    var present: [(key: Int64, number: UInt64, slot: Slot)] = []
    private var last: UInt64 = 0

    deinit {
      wheel.destroy()
      slab.destroy()
    }

    func insert(_ key: Int64) {
      last += 1
      let slot = slab.insert(Item(number: last))
      wheel.insert(slot, key: key, in: slab)
      present.append((key, last, slot))
    }

    func remove(at index: Int) {
      let slot = present.remove(at: index).slot
      wheel.remove(slot, in: slab)
      slab.remove(slot)
    }

    /// Takes out what has come by `time`, at most so many moves a call.
    func expire(by time: Int64, slice: Int) {
      while true {
        var left = slice
        let found = wheel.first(by: time, in: slab, left: &left)
        if found == nil, left == 0 { continue }
        let due = present.filter { $0.key <= time }
          .min { ($0.key, $0.number) < ($1.key, $1.number) }
        #expect(found == due?.slot)
        guard let found, let index = present.firstIndex(where: { $0.slot == found }) else { break }
        remove(at: index)
      }
      check(after: time)
    }

    private func check(after time: Int64) {
      var count = 0
      wheel.forEach(in: slab) { _ in count += 1 }
      #expect(count == present.count && wheel.count == count)
      let first = present.map(\.key).min()
      #expect((wheel.next == nil) == (first == nil))
      // Never late, and not before now.
      if let next = wheel.next, let first { #expect(next <= first && next > time) }
    }
  }

  private static let starts: [Int64] = [0, -5_000, -(1 << 40), 1_700_000_000_000, .max - (1 << 36)]

  @Test(arguments: starts, [3, 1_000_000])
  func `has everything in the order of its time, whenever that is`(
    _ start: Int64, _ slice: Int
  ) {
    var random = SystemRandomNumberGenerator()
    let bench = Bench()
    var time = start
    bench.expire(by: time, slice: slice)
    for _ in 0..<400 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        // Milliseconds, minutes or a year ahead, and many alike.
        let reach: Int64 = [4, 70, 600_000, 1 << 35].randomElement(using: &random) ?? 4
        bench.insert(time + 1 + Int64.random(in: 0..<reach, using: &random))
      case 5..<7 where !bench.present.isEmpty:
        bench.remove(at: Int.random(in: 0..<bench.present.count, using: &random))
      default:
        let reach: Int64 = [2, 100, 700_000].randomElement(using: &random) ?? 2
        time += Int64.random(in: 0..<reach, using: &random)
        bench.expire(by: time, slice: slice)
      }
    }
    bench.expire(by: .max - 1, slice: slice)
    #expect(bench.present.isEmpty)
  }

  @Test func `has what was entered too late at once, and the lesser tie first`() {
    let bench = Bench()
    bench.expire(by: 1_000, slice: 10)
    for key in [1_005, 900, 1_000, 900] as [Int64] { bench.insert(key) }
    bench.expire(by: 1_000, slice: 10)
    #expect(bench.present.map(\.key) == [1_005])
  }
}
