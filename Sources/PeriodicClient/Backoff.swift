/// How long to wait before the next attempt to connect: doubling, and random in its upper half.
///
/// The random part keeps the clients of a server that restarts from coming back all at once. It is
/// drawn from a seed that is passed in (splitmix64), so that a run can be repeated.
struct Backoff {
  private let initial: Int64
  private let maximum: Int64
  private var delay: Int64
  private var random: UInt64

  init(initial: Int64, maximum: Int64, seed: UInt64) {
    self.initial = max(1, initial)
    self.maximum = max(self.initial, maximum)
    delay = self.initial
    random = seed
  }

  /// Milliseconds to wait now; the next wait is longer.
  mutating func next() -> Int64 {
    let half = delay / 2
    let wait = delay - half + Int64(draw() % UInt64(half + 1))
    delay = delay > maximum / 2 ? maximum : delay * 2
    return wait
  }

  /// The last connection was a good one: begin again with the shortest wait.
  mutating func reset() { delay = initial }

  private mutating func draw() -> UInt64 {
    random &+= 0x9e37_79b9_7f4a_7c15
    var value = random
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}
