public import PeriodicCore

/// Time: what becomes due, what runs out, and when to look again.
extension Engine {
  /// The longest time between two looks, so that a step of the wall clock is noticed.
  public static let longestWait: Int64 = 30_000

  /// Handles everything that is due now, a slice at a time: more may be left for `work`.
  public mutating func tick(at now: Now, into effects: inout Effects) {
    observe(now)
    runClock(at: now, into: &effects)
    serveMarked(at: now, into: &effects)
  }

  /// Milliseconds until `tick` has something to do: never later than the earliest deadline on which
  /// anything can be done (E10), and never for a function that nobody is willing to do.
  public mutating func nextWake(at now: Now, atMost longest: Int64 = longestWait) -> Int64 {
    if hasWork { return 0 }
    var wait = longest
    while !isDraining, let top = wakeUps.first {
      // Ring entries whose grabs are used up do not count; this looks them up and drops them.
      if firstWilling(top.slot) == nil { continue }
      wait = min(wait, top.key.subtractingSaturated(now.wall))
      break
    }
    // What has come nearer moves down, so that its own time is seen and not one before it.
    var left = Engine.slice
    _ = deadlines.first(by: now.monotonic, in: runs, left: &left)
    if let next = nextDeadline { wait = min(wait, next - now.monotonic) }
    return max(0, wait)
  }

  /// Notes both clocks, and frees what effects of the last call may have borrowed.
  @inline(__always)
  mutating func observe(_ now: Now) {
    if now.monotonic != lastMonotonic || now.wall != lastWall || hasRetired { observeNew(now) }
  }

  private var hasRetired: Bool { !retiredNames.isEmpty || !retiredBlocks.isEmpty }

  /// A wall clock that stepped back must not make a ready job wait again.
  private mutating func observeNew(_ now: Now) {
    invariant(now.monotonic >= lastMonotonic, "the monotonic clock does not step back")
    lastMonotonic = now.monotonic
    if !retiredNames.isEmpty { releaseRetiredNames() }
    if !retiredBlocks.isEmpty { releaseRetiredBlocks() }
    let furthest = lastWall
    lastWall = now.wall
    if now.wall < furthest { keepReady(before: furthest) }
  }

  mutating func runClock(at now: Now, into effects: inout Effects) {
    var left = Engine.slice
    while let due = nextDue(at: now, left: &left) {
      switch due {
      case .waiter(let slot): expireWaiter(slot, at: now, into: &effects)
      case .run(let slot): expire(slot, at: now, into: &effects)
      case .holding(let slot): expireHolding(slot, into: &effects)
      }
      left -= 1
    }
    serveMarked(at: now, into: &effects)
    while left > 0, !isDraining, !numbers.isExhausted, let top = wakeUps.first, top.key <= now.wall
    {
      // Serving ends with nothing due, or with nobody willing: either moves the function on.
      serveFunction(top.slot, at: now, into: &effects)
      left -= 1
    }
    hasClockWork = left <= 0
  }

  /// Things that run out, or come nearer, handled in one call.
  private static let slice = 512

  private enum Deadline {
    case waiter(Slot), run(Slot), holding(Slot)
  }

  /// What has run out, first come first. At one moment a waiter comes first, then a run, then a
  /// lock. `nil` also when nothing is left of the slice.
  private mutating func nextDue(at now: Now, left: inout Int) -> Deadline? {
    var time = now.monotonic.addingSaturated(1)
    var due: Deadline?
    if let top = waiterDeadlines.first, top.key < time {
      time = top.key
      due = .waiter(top.slot)
    }
    if let run = deadlines.first(by: time - 1, in: runs, left: &left) {
      time = runs[run].pointee.wheelKey
      due = .run(run)
    }
    if let holding = nextHolding, holding.time < time { due = .holding(holding.slot) }
    return left > 0 ? due : nil
  }

  /// When something runs out; of a run possibly a time before that.
  private var nextDeadline: Int64? {
    [waiterDeadlines.first?.key, deadlines.next, nextHolding?.time].compactMap { $0 }.min()
  }

  /// The lock that has been held longest. The setting counts as it is now, not as it was when the
  /// lock was taken.
  private var nextHolding: (slot: Slot, time: Int64)? {
    guard settings.lockTimeout > 0, let top = holdings.first else { return nil }
    return (top.slot, top.key.addingSaturated(Int64(settings.lockTimeout) * 1000))
  }

  private mutating func expire(_ run: Slot, at now: Now, into effects: inout Effects) {
    let job = runs[run].pointee.job
    let round = runs[run].pointee.round
    if runs[run].pointee.leaseEnd <= now.monotonic {
      observeEnd(.failJob, of: run, into: &effects)
      let outcome = note(.failed, round)
      giveBack(run, as: .leaseExpired)
      settle(job, outcome, at: now, into: &effects)
    } else {
      let outcome = note(.released, round)
      giveBack(run, as: .offerExpired)
      settle(job, outcome, at: now, into: &effects)
    }
  }
}

extension Int64 {
  func subtractingSaturated(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? (self < 0 ? .min : .max) : difference
  }
}
