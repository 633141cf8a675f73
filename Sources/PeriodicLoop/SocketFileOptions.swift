/// Who may connect to a Unix socket: the mode and owner of its file.
public struct SocketFileOptions: Equatable, Sendable {
  /// Permission bits; to connect takes write permission.
  public var mode: UInt32
  /// The owner's and the group's number; nil leaves the process's own.
  public var user: UInt32?
  public var group: UInt32?

  /// Everybody on this machine may connect unless `mode` says otherwise.
  public init(mode: UInt32 = 0o666, user: UInt32? = nil, group: UInt32? = nil) {
    self.mode = mode
    self.user = user
    self.group = group
  }
}
