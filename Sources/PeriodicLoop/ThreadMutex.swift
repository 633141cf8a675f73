internal import CUV
internal import Glibc
internal import PeriodicCore

/// A lock of the operating system's, which the thread sanitizer understands.
public struct ThreadMutex: ~Copyable, @unchecked Sendable {
  let raw: UnsafeMutablePointer<pthread_mutex_t>

  public init() {
    raw = .allocate(capacity: 1)
    let status = pthread_mutex_init(raw, nil)
    invariant(status == 0, "a mutex can be made")
  }

  deinit {
    pthread_mutex_destroy(raw)
    raw.deallocate()
  }

  /// Runs `body` alone among all callers on this mutex. `body` must not ask for it again.
  public func withLock<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(raw)
    defer { pthread_mutex_unlock(raw) }
    return try body()
  }
}
