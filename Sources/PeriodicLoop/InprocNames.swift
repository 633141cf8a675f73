internal import CFork
internal import PeriodicCore

/// Who listens at `inproc:` addresses, in all of this process: the one thing besides `Mailbox` that
/// threads share.
///
/// The lock is held while the process forks, so that a child finds it free. The names that a child
/// inherits belong to loops of its parent, and count as free.
enum InprocNames {
  /// The way to a listener.
  struct Entry: Sendable {
    let sender: Mailbox<InprocMessage>.Sender
    let listener: UInt64
    fileprivate let mark = ProcessMark()
  }

  nonisolated(unsafe) private static var entries: [String: Entry] = [:]

  /// Takes a name; false if it is in use.
  static func claim(_ name: String, _ entry: Entry) -> Bool {
    withLock {
      if let present = entries[name], !present.mark.isInherited { return false }
      entries[name] = entry
      return true
    }
  }

  static func free(_ name: String) {
    withLock { entries[name] = nil }
  }

  static func find(_ name: String) -> Entry? {
    let found = withLock { entries[name] }
    return found?.mark.isInherited == false ? found : nil
  }

  private static func withLock<Result>(_ body: () -> Result) -> Result {
    periodic_fork_lock(PERIODIC_LOCK_NAMES)
    defer { periodic_fork_unlock(PERIODIC_LOCK_NAMES) }
    return body()
  }
}
