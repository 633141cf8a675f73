internal import CUV
internal import Glibc
internal import PeriodicCore

/// Lets a thread wait for what another one does under the same mutex.
public struct ThreadCondition: ~Copyable, @unchecked Sendable {
  private let raw: UnsafeMutablePointer<pthread_cond_t>

  public init() {
    raw = .allocate(capacity: 1)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    let status = pthread_cond_init(raw, &attributes)
    pthread_condattr_destroy(&attributes)
    invariant(status == 0, "a condition can be made")
  }

  deinit {
    pthread_cond_destroy(raw)
    raw.deallocate()
  }

  /// Waits inside `mutex.withLock`; may return without a signal, so callers test in a loop.
  public func wait(_ mutex: borrowing ThreadMutex) {
    pthread_cond_wait(raw, mutex.raw)
  }

  /// Waits as `wait` does, but at most this long; false when the time passed.
  public func wait(_ mutex: borrowing ThreadMutex, milliseconds: Int64) -> Bool {
    wait(mutex, microseconds: milliseconds.multipliedReportingOverflow(by: 1000).partialValue)
  }

  public func wait(_ mutex: borrowing ThreadMutex, microseconds: Int64) -> Bool {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let nanoseconds = Int64(time.tv_nsec) + microseconds % 1_000_000 * 1000
    time.tv_sec += Int(microseconds / 1_000_000 + nanoseconds / 1_000_000_000)
    time.tv_nsec = Int(nanoseconds % 1_000_000_000)
    return pthread_cond_timedwait(raw, mutex.raw, &time) == 0
  }

  /// Milliseconds of the clock by which it waits.
  public static var now: Int64 { microseconds / 1000 }

  /// The same in microseconds.
  public static var microseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  public func signal() { pthread_cond_signal(raw) }
  public func broadcast() { pthread_cond_broadcast(raw) }
}
