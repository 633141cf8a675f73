internal import CUV
internal import Glibc
internal import PeriodicCore

/// How often this process has come out of a fork as the child, since it was a program's first.
///
/// Written between `fork` and its return in the child, when there is one thread.
nonisolated(unsafe) private var forkCount: UInt32 = 0

/// The lock on names is taken first and let go by both: no other thread has it in the child.
private let countsForks: Bool =
  pthread_atfork(
    { pthread_mutex_lock(InprocNames.mutex.raw) },
    { pthread_mutex_unlock(InprocNames.mutex.raw) },
    {
      forkCount &+= 1
      pthread_mutex_unlock(InprocNames.mutex.raw)
    }) == 0

/// Remembers the process that something was made in.
struct ProcessMark {
  private let forks: UInt32

  init() {
    invariant(countsForks, "forks can be counted")
    forks = forkCount
  }

  /// Whether this is a child of that process, with copies of what it had.
  var isInherited: Bool { forks != forkCount }
}

extension Loop {
  /// Whether the process has forked since and this is the child.
  ///
  /// The loop's threads do not exist here, and its epoll set is the parent's: all that can be done
  /// with the loop, and with what was made on it, is to close it and let it go. That leaves the
  /// parent's sockets, socket files and store alone.
  public var isInherited: Bool { mark.isInherited }

  /// In a forked child: gives libuv an epoll set of its own, so that closing handles does not take
  /// the parent's descriptors out of the parent's.
  func leaveParent() {
    guard isInherited, !hasLeftParent else { return }
    hasLeftParent = true
    uv_loop_fork(uv)
  }
}
