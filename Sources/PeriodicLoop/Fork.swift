internal import CFork
internal import CUV

/// Remembers the process that something was made in.
struct ProcessMark {
  private let forks = periodic_forks()

  /// Whether this is a child of that process, with copies of what it had.
  var isInherited: Bool { forks != periodic_forks() }
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
