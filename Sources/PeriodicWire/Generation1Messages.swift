import PeriodicCore

/// The message ids of one generation 1 connection, which are byte strings, as numbers.
///
/// The same bytes give the same number as long as a reply to them can come, so that a repeated grab
/// is recognised: for the request that was decoded last, and for grabs until they have a job. An id
/// of up to seven bytes is its own number, with its length in the top byte; a longer one is kept in
/// a table meanwhile.
struct Generation1Messages {
  /// Bytes in a packed id.
  private static let packed = 7
  /// Marks the number of a grab. JOB_ASSIGN is what answers one; SUCCESS is not said to it.
  private static let grabMark: UInt64 = 1 << 59
  /// Marks a number that stands for an entry of the table.
  private static let tableMark: UInt64 = 1 << 63

  private struct Entry {
    var bytes: [UInt8]
    var isGrab = false
  }

  private var entries: [UInt64: Entry] = [:]
  private var numbers: [[UInt8]: UInt64] = [:]
  /// Entries that go when the next request is decoded, unless a grab keeps them.
  private var fading: [UInt64] = []
  private var lastNumber = Generation1Messages.tableMark

  /// The number for an id of at least one byte.
  mutating func take(_ bytes: Bytes, isGrab: Bool) -> MessageID {
    let mark = isGrab ? Generation1Messages.grabMark : 0
    if bytes.count <= Generation1Messages.packed {
      var number = UInt64(bytes.count)
      for index in 0..<Generation1Messages.packed {
        number = number << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0)
      }
      return MessageID(number | mark)
    }
    let key = Array(bytes)
    let number = numbers[key] ?? insert(key)
    if isGrab { entries[number]?.isGrab = true }
    return MessageID(number | mark)
  }

  /// Forgets what earlier requests left behind.
  mutating func sweep() {
    if fading.isEmpty { return }
    for number in fading {
      guard let entry = entries[number], !entry.isGrab else { continue }
      entries[number] = nil
      numbers[entry.bytes] = nil
    }
    fading.removeAll(keepingCapacity: true)
  }

  /// Lends the bytes of an id; does nothing if nothing is to be said under it any more.
  func withBytes(of message: MessageID, _ body: (Bytes) -> Void) {
    if message == .none { return }
    let number = message.number & ~Generation1Messages.grabMark
    if number < Generation1Messages.tableMark {
      let length = Int(number >> 56)
      withUnsafeBytes(of: (number << 8).bigEndian) { body(Bytes(rebasing: $0[..<length])) }
    } else if let entry = entries[number] {
      entry.bytes.withUnsafeBytes(body)
    }
  }

  static func isGrab(_ message: MessageID) -> Bool {
    message != .none && message.number & grabMark != 0
  }

  /// Notes that a grab has its job, or was refused.
  mutating func endGrab(_ message: MessageID) {
    let number = message.number & ~Generation1Messages.grabMark
    guard number > Generation1Messages.tableMark, entries[number] != nil else { return }
    entries[number]?.isGrab = false
    fading.append(number)
  }

  private mutating func insert(_ key: [UInt8]) -> UInt64 {
    lastNumber += 1
    // The mark's bit is no part of a number.
    invariant(lastNumber & Generation1Messages.grabMark == 0, "2^59 ids are not used up")
    entries[lastNumber] = Entry(bytes: key)
    numbers[key] = lastNumber
    fading.append(lastNumber)
    return lastNumber
  }
}
