import CSQLite
import PeriodicStore

/// Looking for room, and whether the file can be written.
extension JobDatabase {
  /// Moves the write-ahead log into the file, so that it is written from its start again.
  ///
  /// What stands in the way of that is met, and reported, by the next write.
  func moveLog() {
    if connection.isInTransaction { return }
    sqlite3_wal_checkpoint_v2(connection.handle, "main", SQLITE_CHECKPOINT_RESTART, nil, nil)
  }

  /// Bytes of the file that hold nothing.
  func freeBytes() throws(StoreError) -> Int {
    let pages = try connection.number("PRAGMA freelist_count", "look for room")
    return Int(try pages * connection.number("PRAGMA page_size", "look for room"))
  }

  /// Writes to the disk without a change: one page with what it has already.
  func writeNothing() throws(StoreError) {
    try connection.transaction { () throws(StoreError) in
      try connection.run(
        "PRAGMA application_id = \(Schema.applicationID)", "see whether it can be written")
    }
  }
}
