internal import CUV
internal import Glibc

/// What a thread sleeps on until another one, or the system, has something for it.
///
/// The system tells of what it has done by descriptors only; so a thread that waits for both waits
/// for this.
public final class ThreadSignal: Sendable {
  /// An eventfd: whoever adds to it raises the signal.
  public let descriptor: Int32

  public init() throws(LoopError) {
    descriptor = cuv_wakeup()
    if descriptor < 0 { throw .last("make a signal") }
  }

  deinit { close(descriptor) }

  /// Safe from any thread.
  public func raise() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
  }

  /// Waits until it was raised since it last returned; at most so long, if that is given. May
  /// return before.
  public func wait(microseconds: Int64? = nil) {
    cuv_await(descriptor, microseconds ?? -1)
  }
}
