import Testing

@testable import PeriodicServer

@Suite struct `A set of numbers` {
  @Test(arguments: [1, 4, 1 << 32]) func `has what was entered, once`(_ step: UInt64) {
    var numbers = NumberSet()
    #expect(!numbers.contains(0))
    for number in 0..<2000 as Range<UInt64> {
      let isNew = numbers.insert(number * step)
      let isNewAgain = numbers.insert(number * step)
      #expect(isNew && !isNewAgain)
    }
    #expect(numbers.count == 2000)
    for number in 0..<2000 as Range<UInt64> { #expect(numbers.contains(number * step)) }
    #expect(!numbers.contains(2000 * step))
    #expect(!numbers.contains(.max))
  }
}
