import CLog
import CSQLite
import Glibc
import PeriodicStore

/// The write-ahead log of a store that syncs each commit: its syncs can go on while the next
/// transaction is made.
///
/// - Invariant: nothing is answered for that lies behind the last sync that worked. After one that
///   failed the log can only be cut there, and the file opened anew.
final class WriteAheadLog {
  /// How a sync is made that its commit does not wait for.
  private enum Syncing {
    /// By the system, meanwhile.
    case meanwhile(periodic_sync)
    /// When it is waited for: through the file system that the store was given.
    case atEnd
    /// Not at all: each commit syncs.
    case never
  }

  private let connection: Connection
  private let path: String
  private var syncing: Syncing
  /// Whether a commit waits for its sync.
  private(set) var isUnderWay = false

  /// - Parameter connection: to a file whose log is on, with `synchronous = FULL`.
  init(_ connection: Connection, isUsualFileSystem: Bool) throws(StoreError) {
    self.connection = connection
    path = connection.path + "-wal"
    syncing = isUsualFileSystem ? WriteAheadLog.meanwhile(path) : .atEnd
    if periodic_log_attach(connection.handle) != SQLITE_OK {
      throw StoreError(.failed, "\(path): prepare the write-ahead log")
    }
  }

  deinit {
    guard case .meanwhile(var sync) = syncing else { return }
    periodic_sync_close(&sync)
    close(sync.file)
  }

  private static func meanwhile(_ path: String) -> Syncing {
    let file = open(path, O_RDWR | O_CLOEXEC)
    var sync = periodic_sync()
    if file >= 0, periodic_sync_open(&sync, file) == 0 { return .meanwhile(sync) }
    if file >= 0 { close(file) }
    return .never
  }

  /// Bytes that a checkpoint would have to move, or has moved already.
  var length: Int { Int(periodic_log_length(connection.handle)) }

  /// Whether a sync failed, so that the log has to be cut.
  var hasFailed: Bool { periodic_log_has_failed(connection.handle) != 0 }

  /// Commits by `commit`, and begins to sync that; or syncs it as well, where that is all that can
  /// be done.
  ///
  /// - Parameter signal: an eventfd that is told when the sync is over; none if negative.
  func begin(
    signal: Int32, _ commit: () throws(StoreError) -> Void
  ) throws(StoreError) {
    if case .never = syncing { return try commit() }
    periodic_log_put_off(connection.handle, 1)
    defer { periodic_log_put_off(connection.handle, 0) }
    try commit()
    if case .meanwhile(var sync) = syncing {
      let code = periodic_sync_begin(&sync, signal)
      syncing = .meanwhile(sync)
      if code != 0 {
        periodic_log_put_off(connection.handle, 0)
        return try check(syncNow())
      }
      periodic_log_sync_began(connection.handle)
    }
    isUnderWay = true
  }

  /// Whether the sync that is under way is over; without waiting for it.
  var isOver: Bool {
    guard isUnderWay, case .meanwhile(var sync) = syncing else { return true }
    let isOver = periodic_sync_is_over(&sync, 0) != 0
    syncing = .meanwhile(sync)
    return isOver
  }

  /// Waits for the sync that is under way, and throws what went wrong with it.
  func end() throws(StoreError) {
    guard isUnderWay else { return }
    isUnderWay = false
    guard case .meanwhile(var sync) = syncing else { return try check(syncNow()) }
    _ = periodic_sync_is_over(&sync, 1)
    syncing = .meanwhile(sync)
    periodic_log_sync_ended(connection.handle, sync.result == 0 ? 1 : 0)
    try check(sync.result)
  }

  /// Cuts off what is behind the last sync that worked. The connection must only be closed then.
  func cut() throws(StoreError) {
    guard periodic_log_cut(connection.handle) == SQLITE_OK else {
      throw failure(periodic_sqlite_errno(connection.handle), "cut the write-ahead log")
    }
  }

  /// An error number, or 0.
  private func syncNow() -> Int32 {
    if periodic_log_sync(connection.handle) == SQLITE_OK { return 0 }
    let code = periodic_sqlite_errno(connection.handle)
    return code == 0 ? EIO : code
  }

  private func check(_ code: Int32) throws(StoreError) {
    if code != 0 { throw failure(code, "sync the write-ahead log") }
  }

  private func failure(_ code: Int32, _ doing: String) -> StoreError {
    StoreError(system: code == 0 ? EIO : code, path, doing)
  }
}
