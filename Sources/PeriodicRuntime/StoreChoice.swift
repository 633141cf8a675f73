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

  /// Whether what is kept outlives the server.
  var isDurable: Bool {
    if case .memory = self { false } else { true }
  }

  /// What makes the driver; nil for a server without a store.
  func driver(
    keepsMetrics: Bool, reserve: Int, sync: StoreSync
  ) -> (@Sendable () -> any StoreDriver)? {
    switch self {
    case .memory: return nil
    case .sqlite(let path):
      var options = SQLiteStore.Options()
      options.keepsMetrics = keepsMetrics
      options.reserveBytes = reserve
      options.sync = sync
      return { [options] in SQLiteStore(path: path, options: options) }
    case .driver(let make): return make
    }
  }
}
