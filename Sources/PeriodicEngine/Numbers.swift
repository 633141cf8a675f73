/// The one sequence that job ids and fencing numbers come from.
///
/// Numbers are used only below a limit that the store has made durable, so that none is ever used
/// twice: after a restart the sequence goes on at that limit, not at the largest number in use.
struct Numbers {
  /// Numbers reserved at a time.
  static let block: UInt64 = 65_536
  /// A reservation is asked for while at least this many are left: what two full batches can use.
  static let reserve: UInt64 = 4 * block

  private(set) var next: UInt64 = 1
  private(set) var limit: UInt64
  /// A reservation on its way: the batch it went with and the limit it brings.
  private var pending: (batch: UInt64, limit: UInt64)?

  /// Without a store that outlives the process there is nothing to reserve.
  init(durable: Bool) { limit = durable ? 1 : 1 << 53 }

  var isExhausted: Bool { next >= limit }

  /// Whether so many can be taken now.
  func has(_ count: Int) -> Bool { limit - min(next, limit) >= UInt64(count) }

  mutating func take() -> UInt64 {
    next += 1
    return next - 1
  }

  /// What an earlier process reserved: any of it may have been used.
  mutating func restore(reserved: UInt64) {
    next = max(next, reserved)
    limit = max(limit, next)
  }

  /// The limit to ask the store for, if it is time.
  mutating func reservation(in batch: UInt64) -> UInt64? {
    guard limit < 1 << 53, pending == nil, limit - next < Numbers.reserve else { return nil }
    let wanted = (next + 2 * Numbers.reserve) / Numbers.block * Numbers.block
    pending = (batch, wanted)
    return wanted
  }

  mutating func committed(_ batch: UInt64) {
    guard let pending, pending.batch <= batch else { return }
    limit = pending.limit
    self.pending = nil
  }
}
