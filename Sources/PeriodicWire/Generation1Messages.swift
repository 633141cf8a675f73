import PeriodicCore

/// The message ids of one generation 1 connection, which are byte strings, as numbers.
///
/// The same bytes give the same number as long as a reply to them can come, so that a repeated grab
/// is recognised. An id of up to seven bytes is its own number; a longer one is kept in a table until
/// everything under it has been answered.
struct Generation1Messages {
  /// Ids in the table at a time; a client that lets more wait is closed.
  static let most = 131_072
  /// Bytes in a packed id.
  private static let packed = 7

  private struct Entry {
    var bytes: [UInt8]
    /// Replies that are still to come.
    var replies = 0
    /// Whether a grab waits under this id.
    var isGrab = false
    var isIdle: Bool { replies == 0 && !isGrab }
  }

  private var entries: [UInt64: Entry] = [:]
  private var numbers: [[UInt8]: UInt64] = [:]
  /// An entry that only the request that was last decoded may still need.
  private var fading: UInt64?
  private var lastNumber: UInt64 = 1 << 63

  var count: Int { entries.count }

  /// The number for an id of at least one byte; counts the reply that `command` is to get.
  mutating func take(_ bytes: Bytes, for command: Command?) -> MessageID {
    if bytes.count <= Generation1Messages.packed {
      var number = UInt64(bytes.count)
      for index in 0..<Generation1Messages.packed {
        number = number << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0)
      }
      return MessageID(number)
    }
    let key = Array(bytes)
    let number = numbers[key] ?? insert(key)
    switch command {
    case .grab: entries[number]?.isGrab = true
    case .some(let command) where Generation1.hasNoReply(command): break
    default: entries[number]?.replies += 1
    }
    return MessageID(number)
  }

  /// Forgets what the request before this one left behind.
  mutating func sweep() {
    guard let number = fading else { return }
    fading = nil
    if let entry = entries[number], entry.isIdle {
      entries[number] = nil
      numbers[entry.bytes] = nil
    }
  }

  /// Lends the bytes of an id; `nil` if nothing is to be said under it any more.
  func withBytes(of message: MessageID, _ body: (Bytes) -> Void) {
    if message == .none { return }
    let length = Int(message.number >> 56)
    if length <= Generation1Messages.packed {
      withUnsafeBytes(of: (message.number << 8).bigEndian) { body(Bytes(rebasing: $0[..<length])) }
    } else if let entry = entries[message.number] {
      entry.bytes.withUnsafeBytes(body)
    }
  }

  /// Notes that a reply was written.
  mutating func answered(_ message: MessageID, isAssignment: Bool) {
    guard message.number >= 1 << 63, var entry = entries[message.number] else { return }
    if isAssignment || entry.replies == 0 {
      entry.isGrab = false
    } else {
      entry.replies -= 1
    }
    entries[message.number] = entry
    if entry.isIdle { fade(message.number) }
  }

  private mutating func insert(_ key: [UInt8]) -> UInt64 {
    lastNumber += 1
    entries[lastNumber] = Entry(bytes: key)
    numbers[key] = lastNumber
    fade(lastNumber)
    return lastNumber
  }

  /// Lets an idle entry go at the next `sweep`, so that its bytes can still be asked for meanwhile.
  private mutating func fade(_ number: UInt64) {
    if fading != number { sweep() }
    fading = number
  }
}
