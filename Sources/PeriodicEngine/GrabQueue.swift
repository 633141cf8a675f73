import PeriodicCore

/// The message ids of a connection's outstanding grabs, oldest first: a ring that doubles, in the
/// arena's memory.
struct GrabQueue: BitwiseCopyable {
  struct Grab: BitwiseCopyable {
    var message: MessageID
    /// The worker is one that never confirms: its jobs count as taken at once.
    var needsNoConfirmation: Bool
  }

  private var ring: UnsafeMutablePointer<Grab>?
  private var capacity = 0
  private var head = 0
  private(set) var count = 0
  /// The ids go up, once round at most, as those of workers that count or use theirs in turn: then
  /// none is between the newest and the oldest, and one that is there need not be looked for.
  private var goesRound = true

  var isEmpty: Bool { count == 0 }

  func contains(_ message: MessageID) -> Bool {
    if count == 0 || goesRound && isBehindNewest(message) { return false }
    for offset in 0..<count where grab(offset).message == message { return true }
    return false
  }

  /// Whether an id comes after the newest and before the oldest, on the circle of all numbers.
  private func isBehindNewest(_ message: MessageID) -> Bool {
    let newest = grab(count - 1).message.number
    let way = message.number &- newest
    let wayRound = grab(0).message.number &- newest
    return way != 0 && (wayRound == 0 || way < wayRound)
  }

  mutating func append(_ grab: Grab, in arena: inout BlockArena) {
    goesRound = count == 0 || goesRound && isBehindNewest(grab.message)
    if count == capacity { grow(in: &arena) }
    ring.unsafelyUnwrapped[(head + count) & (capacity - 1)] = grab
    count += 1
  }

  mutating func popFirst() -> Grab {
    invariant(count > 0, "an assignment uses up an outstanding grab")
    let first = grab(0)
    head = (head + 1) & (capacity - 1)
    count -= 1
    return first
  }

  /// Forgets all grabs and gives the memory back.
  mutating func removeAll(in arena: inout BlockArena) {
    release(in: &arena)
    self = GrabQueue()
  }

  private func grab(_ offset: Int) -> Grab {
    ring.unsafelyUnwrapped[(head + offset) & (capacity - 1)]
  }

  private mutating func grow(in arena: inout BlockArena) {
    let wider = max(4, capacity * 2)
    let fresh = arena.allocate(wider * MemoryLayout<Grab>.stride)
      .bindMemory(to: Grab.self, capacity: wider)
    for offset in 0..<count { fresh[offset] = grab(offset) }
    release(in: &arena)
    ring = fresh
    capacity = wider
    head = 0
  }

  private func release(in arena: inout BlockArena) {
    if let ring { arena.release(ring, capacity * MemoryLayout<Grab>.stride) }
  }
}
