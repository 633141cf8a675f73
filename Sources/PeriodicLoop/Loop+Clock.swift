internal import CUV
internal import Glibc
public import PeriodicCore

extension Loop {
  /// Both clocks, the same for a whole turn's input as far as libuv's own time is.
  ///
  /// Monotonic time is the loop's own, which libuv reads once before and once after each wait; a
  /// call from outside a turn reads it anew.
  public var now: Now {
    if !isInTurn { refreshNow() }
    let isSystems = hostClock == nil && virtualTime == nil
    if isSystems, cachedNow.monotonic != Int64(uv_now(uv)) { readClocks() }
    return cachedNow
  }

  /// Reads time from `clock` instead of the system, nil for the system again. Timers follow it, as
  /// far as the host steps the loop when its clock has moved. While something is on the loop,
  /// monotonic time that steps back stands still instead.
  public func setClock(_ clock: (() -> Now)?) {
    preconditionOnLoop()
    virtualTime = nil
    hostClock = clock
    if participants.isEmpty { cachedNow.monotonic = .min }
    refreshNow()
  }

  func refreshNow() {
    if let virtualTime {
      cachedNow = virtualTime
    } else if let hostClock {
      move(to: hostClock())
    } else {
      uv_update_time(uv)
      readClocks()
    }
  }

  private func readClocks() {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let wall = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    move(to: Now(monotonic: Int64(uv_now(uv)), wall: wall))
  }

  private func move(to time: Now) {
    cachedNow = Now(monotonic: max(time.monotonic, cachedNow.monotonic), wall: time.wall)
  }
}
