import PeriodicLoop
import PeriodicStoreSQLite

/// What this build has.
public enum Features {
  /// Words, some with a version: "inproc", "sqlite=3.40.1".
  public static let words = [
    "memory", "file", "inproc", "unix", "tcp", "generation1", "generation2", "http",
    "virtual-clock", "sqlite=\(SQLiteStore.libraryVersion)", "libuv=\(Loop.libraryVersion)",
  ]
}
