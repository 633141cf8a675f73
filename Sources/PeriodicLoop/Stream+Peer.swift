internal import CUV
internal import Glibc

extension Stream {
  /// Whether the peer is a process of this process's user, or of root: a Unix socket's peer, as the
  /// system knows it since the peer connected. False for every other one.
  public var isPeerOwner: Bool {
    guard isUnix, phase == .open, let watch else { return false }
    let user = cuv_peer_user(watch.descriptor)
    return user == 0 || user == Int64(geteuid())
  }
}
