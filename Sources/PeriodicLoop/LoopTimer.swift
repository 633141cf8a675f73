internal import CUV
internal import PeriodicCore

/// Calls back once when its time has come; can be armed again at any time.
///
/// All timers of a loop share one libuv timer and the loop's clock. A loop has few: one for a
/// server, one for a client.
public final class LoopTimer {
  let loop: Loop
  private let fire: () -> Void
  /// When it fires, monotonic milliseconds of the loop's clock; nil while it is not armed.
  public private(set) var deadline: Int64?
  /// Place in the loop's list while armed.
  private var position = 0

  /// `fire` is called on the loop, and usually arms the timer again; let it hold its owner weakly
  /// or not at all.
  public init(_ loop: Loop, fire: @escaping () -> Void) {
    loop.preconditionOnLoop()
    self.loop = loop
    self.fire = fire
  }

  deinit { disarm() }

  /// Sets when to fire, in place of an earlier setting. A time that has passed fires in the next
  /// turn.
  public func arm(at time: Int64) {
    loop.preconditionOnLoop()
    if deadline == nil {
      position = loop.timers.count
      loop.timers.append(.passUnretained(self))
    }
    deadline = time
    loop.earliestTimer = min(loop.earliestTimer, time)
  }

  public func disarm() {
    guard deadline != nil else { return }
    loop.preconditionOnLoop()
    deadline = nil
    let last = loop.timers.removeLast()
    if position < loop.timers.count {
      loop.timers[position] = last
      last.takeUnretainedValue().position = position
    }
  }

  fileprivate func fireIfDue(at time: Int64) {
    guard let deadline, deadline <= time else { return }
    disarm()
    fire()
  }
}

extension Loop {
  /// Fires what is due, earliest first. A callback may arm and disarm any timer.
  func fireTimers() {
    let time = cachedNow.monotonic
    guard earliestTimer <= time else { return }
    let due = timers.map { $0.takeUnretainedValue() }
      .filter { ($0.deadline ?? .max) <= time }
      .sorted { ($0.deadline ?? .max) < ($1.deadline ?? .max) }
    for timer in due { timer.fireIfDue(at: time) }
    earliestTimer = .max
    for timer in timers {
      earliestTimer = min(earliestTimer, timer.takeUnretainedValue().deadline ?? .max)
    }
  }

  /// Tells libuv how long it may wait.
  func armTimer() {
    // Virtual time does not pass while the loop waits.
    guard earliestTimer != .max, virtualTime == nil else {
      uv_timer_stop(timer)
      return
    }
    let base = UnsafeMutableRawPointer(timer).assumingMemoryBound(to: uv_handle_t.self)
    guard armedTimer != earliestTimer || uv_is_active(base) == 0 else { return }
    armedTimer = earliestTimer
    let left = earliestTimer.subtractingReportingOverflow(cachedNow.monotonic)
    let wait = left.overflow ? Int64.max >> 1 : max(0, left.partialValue)
    uv_timer_start(timer, { _ in }, UInt64(wait), 0)
  }
}
