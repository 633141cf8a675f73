import CSQLite
import Glibc
import PeriodicStore

/// Syncing later than at each commit.
///
/// With `synchronous = NORMAL` SQLite syncs the log only before its pages go into the file, and
/// when it begins anew. Between that a cut leaves the log up to some frame, and what is not whole
/// behind it is dropped when the file is opened: the last transactions are gone, in their order.
extension JobDatabase {
  func sync() throws(StoreError) {
    guard isDirty || hasFailedToSync else { return }
    if hasFailedToSync { return try syncAnew() }
    if periodic_sqlite_sync_log(connection.handle) != SQLITE_OK {
      hasFailedToSync = true
      let system = periodic_sqlite_errno(connection.handle)
      throw StoreError(
        system: system == 0 ? EIO : system, connection.path, "sync the write-ahead log")
    }
    isDirty = false
  }

  /// After a failed sync the system may have dropped the pages and call the next one a success. So
  /// all of the log is copied into the file, whose own sync tells.
  private func syncAnew() throws(StoreError) {
    try connection.run("PRAGMA wal_checkpoint(TRUNCATE)", "sync anew")
    hasFailedToSync = false
    isDirty = false
  }
}
