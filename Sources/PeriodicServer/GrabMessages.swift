import PeriodicCore

/// The message ids under which a generation 2 connection has sent GRAB_JOB.
///
/// Two released workers report with the id of their grab, and stop when they hear SUCCESS on it
/// (PROTOCOL 2.3). They use four hexadecimal digits, of which there are 65,536: a bit for each. Of
/// other ids the last thousand or two are remembered.
struct GrabMessages {
  private var digits: [UInt64] = []
  private var recent = NumberSet()
  private var older = NumberSet()

  mutating func insert(_ message: MessageID) {
    if let index = GrabMessages.digitsIndex(message) {
      if digits.isEmpty { digits = Array(repeating: 0, count: 1024) }
      digits[index >> 6] |= 1 << UInt64(index & 63)
    } else if recent.insert(message.number), recent.count >= 1024 {
      older = recent
      recent = NumberSet()
    }
  }

  func contains(_ message: MessageID) -> Bool {
    if let index = GrabMessages.digitsIndex(message) {
      return !digits.isEmpty && digits[index >> 6] >> UInt64(index & 63) & 1 == 1
    }
    return recent.contains(message.number) || older.contains(message.number)
  }

  /// Four lower-case hexadecimal digits as the number they spell.
  static func digitsIndex(_ message: MessageID) -> Int? {
    var index = 0
    for shift in [24, 16, 8, 0] as [UInt64] {
      switch UInt8(truncatingIfNeeded: message.number >> shift) {
      case let byte where byte >= 0x30 && byte <= 0x39: index = index << 4 | Int(byte - 0x30)
      case let byte where byte >= 0x61 && byte <= 0x66: index = index << 4 | Int(byte - 0x57)
      default: return nil
      }
    }
    return index
  }
}

/// A few numbers, of which each message asks for one: half of the places of a table are free, and a
/// number stands at the first free one after its own. Numbers that are chosen to meet there are
/// walked along, which is bounded by how many there may be.
struct NumberSet {
  private var places: [UInt64?] = []
  private(set) var count = 0

  func contains(_ number: UInt64) -> Bool {
    !places.isEmpty && places[place(of: number)] != nil
  }

  /// - Returns: whether it is new.
  mutating func insert(_ number: UInt64) -> Bool {
    if contains(number) { return false }
    if places.count < 2 * (count + 1) { grow() }
    places[place(of: number)] = number
    count += 1
    return true
  }

  /// Where the number stands, or would.
  private func place(of number: UInt64) -> Int {
    let mask = places.count - 1
    var place = Int((number &* 0x9e37_79b9_7f4a_7c15) >> 32) & mask
    while let other = places[place], other != number { place = (place + 1) & mask }
    return place
  }

  private mutating func grow() {
    let before = places
    places = Array(repeating: nil, count: max(4, 2 * before.count))
    for case let number? in before { places[place(of: number)] = number }
  }
}
