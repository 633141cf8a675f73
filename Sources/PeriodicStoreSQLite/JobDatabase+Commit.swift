import CSQLite
import PeriodicStore

/// Ending transactions, and what becomes of the log.
extension JobDatabase {
  /// Keeps what was staged, or nothing of it.
  ///
  /// - Parameter signal: an eventfd that is told when the sync is over, if that goes on meanwhile
  ///   (`log.isUnderWay`); `endCommit` must follow then.
  /// - Parameter waits: whether the sync is waited for in any case.
  func commit(signal: Int32, waits: Bool) throws(StoreError) {
    isStaging = false
    // Who comes next begins with the checkpoint, which needs the log as it is on the disk.
    guard let log, !waits, !isCheckpointDue else { return try connection.commit() }
    try log.begin(signal: signal) { () throws(StoreError) in try connection.commit() }
  }

  /// Waits for the sync of the last commit. If that has failed, nothing may be done but `giveUp`.
  func endCommit() throws(StoreError) {
    do {
      try log?.end()
    } catch {
      isStaging = false
      connection.rollBack()
      throw error
    }
  }

  private var isCheckpointDue: Bool {
    guard let log else { return false }
    return log.length > checkpointBytes && log.length != movedLength
  }

  /// Moves the log into the file when it has become long, before a transaction or while there is
  /// none.
  ///
  /// SQLite would do that at the end of one, and those who wait for it would wait for that as well.
  /// What stands in its way is met, and reported, by a commit.
  func checkpointIfDue() {
    guard isCheckpointDue, let log, !log.isUnderWay else { return }
    let code = sqlite3_wal_checkpoint_v2(
      connection.handle, "main", SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    // The next commit writes it from its start again.
    if code == SQLITE_OK { movedLength = log.length }
  }

  /// Throws when a sync of the log has failed: what is written from then on would be lost.
  func checkLog() throws(StoreError) {
    if log?.hasFailed == true {
      throw StoreError(.failed, "\(connection.path): the write-ahead log cannot be synced")
    }
  }

  /// Leaves the file as the last sync that worked left it, for another to open.
  func giveUp() throws(StoreError) {
    isStaging = false
    connection.rollBack()
    try connection.set(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
    try log?.cut()
  }
}
