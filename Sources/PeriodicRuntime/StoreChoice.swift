public import PeriodicStore
import PeriodicStoreSQLite

/// Where jobs are kept.
public enum StoreChoice: Sendable {
  /// In memory only: gone when the server goes.
  case memory
  /// In one SQLite file, which is made if it does not exist; its directory must.
  case sqlite(path: String)
  /// In a store of the caller's. It is made, used and given up on the server's store thread.
  case driver(@Sendable () -> any StoreDriver)

  /// What makes the driver; nil for a server without a store.
  var makeDriver: (@Sendable () -> any StoreDriver)? {
    switch self {
    case .memory: nil
    case .sqlite(let path): { SQLiteStore(path: path) }
    case .driver(let make): make
    }
  }
}
