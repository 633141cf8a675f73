internal import CUV
public import PeriodicCore

/// Time and chance as the host wants them, so that a run can be repeated.
extension Loop {
  /// Whether time moves only by `advance`, or by `run` when nobody has anything to do.
  public var hasVirtualClock: Bool { virtualTime != nil }

  /// Lets time begin at `start`, `nil` being what the clocks say, and stand still. `setClock` ends
  /// that.
  ///
  /// `run`, and what waits by it, moves on to the next deadline as soon as there is nothing else to
  /// do. Neither waits for peers outside this loop: whatever a run shall repeat lives on it.
  public func setVirtualClock(from start: Now? = nil) {
    preconditionOnLoop()
    invariant(participants.isEmpty, "virtual time begins before anything is on the loop")
    let present = now
    hostClock = nil
    virtualTime = start ?? present
    refreshNow()
  }

  /// Moves virtual time on. Everything that falls due on the way happens at its own time, in the
  /// order of the times, and so does what comes of it.
  ///
  /// - Returns: how many commands and completions were handled (`TurnBudget`).
  @discardableResult
  public func advance(_ milliseconds: Int64) -> Int {
    enter()
    guard let time = virtualTime else { fatalError("only virtual time is moved") }
    budget.renew()
    let target = time.monotonic.addingSaturated(max(0, milliseconds))
    settle()
    while earliestTimer <= target {
      moveTime(to: earliestTimer)
      settle()
    }
    moveTime(to: target)
    settle()
    leave()
    return budget.used
  }

  /// What `run` does in virtual time: turns until nobody has anything to do, then on to the next
  /// deadline. Without one it waits for other threads and processes.
  func runToNextTime() {
    settle()
    if isToEnd { return }
    if earliestTimer == .max {
      uv_run(uv, UV_RUN_ONCE)
    } else {
      moveTime(to: earliestTimer)
    }
  }

  /// Runs turns until there is nothing to do at the present time, or until the end of what runs
  /// them.
  private func settle() {
    repeat {
      watchChanged = false
      uv_run(uv, UV_RUN_NOWAIT)
      if isToEnd { return }
      if !hasMoreWork, participants.contains(where: \.awaitsThread) { uv_run(uv, UV_RUN_ONCE) }
    } while watchChanged || hasMoreWork || earliestTimer <= cachedNow.monotonic
      || uv_backend_timeout(uv) == 0 || participants.contains(where: \.awaitsThread)
  }

  private func moveTime(to monotonic: Int64) {
    guard var time = virtualTime, time.monotonic < monotonic else { return }
    time.wall = time.wall.addingSaturated(monotonic - time.monotonic)
    time.monotonic = monotonic
    virtualTime = time
    refreshNow()
  }

  /// Draws numbers from `source` instead of the system, nil for the system again. What is made on
  /// the loop draws when it is made.
  public func setRandom(_ source: (() -> UInt64)?) {
    preconditionOnLoop()
    randomSource = source
  }

  /// Any number.
  public func random() -> UInt64 {
    preconditionOnLoop()
    return randomSource?() ?? .random(in: 0 ... .max)
  }
}
