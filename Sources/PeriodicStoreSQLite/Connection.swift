import CSQLite
import Glibc
import PeriodicCore
import PeriodicStore

/// One connection to a database file.
///
/// Owns SQLite's handle; used by one thread at a time, so SQLite's own mutex is off. Statements
/// made from it may outlive it: the handle goes with the last of them.
final class Connection {
  let path: String
  let handle: OpaquePointer

  init(_ path: String, flags: Int32, vfs: String?) throws(StoreError) {
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX, vfs)
    guard let opened else { throw StoreError(.failed, "\(path): open: out of memory") }
    handle = opened
    self.path = path
    sqlite3_extended_result_codes(handle, 1)
    if code != SQLITE_OK { throw failure("open") }
  }

  deinit { sqlite3_close_v2(handle) }

  /// Whether a transaction is open.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Turns one of SQLite's switches for this connection on or off.
  func set(_ option: Int32, _ isOn: Bool) throws(StoreError) {
    if periodic_sqlite_switch(handle, option, isOn ? 1 : 0) != SQLITE_OK {
      throw failure("configure")
    }
  }

  /// The first bytes of the file as they are, zeros behind its end: without locks and journals.
  func start(_ count: Int) throws(StoreError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    if periodic_sqlite_read_start(handle, &bytes, Int32(count)) != SQLITE_OK {
      throw StoreError(.failed, "\(path): read the file's header")
    }
    return bytes
  }

  /// Runs statements that hand back nothing of interest.
  func run(_ sql: String, _ doing: StaticString) throws(StoreError) {
    if sqlite3_exec(handle, sql, nil, nil, nil) != SQLITE_OK { throw failure(doing) }
  }

  /// The first value of the first row.
  func number(_ sql: String, _ doing: StaticString) throws(StoreError) -> Int64 {
    let statement = try Statement(sql, on: self, doing)
    return try statement.step() ? statement.number(0) : 0
  }

  /// The same as text.
  func text(_ sql: String, _ doing: StaticString) throws(StoreError) -> String {
    let statement = try Statement(sql, on: self, doing)
    return try statement.step() ? statement.bytes(0).text : ""
  }

  /// Runs `body` as one transaction: all of it is kept, or nothing.
  func transaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    try begin()
    do {
      try body()
    } catch {
      rollBack()
      throw error
    }
    try commit()
  }

  func begin() throws(StoreError) {
    // A roll-back that failed leaves its transaction open; it is tried again first.
    if isInTransaction { try run("ROLLBACK", "roll back") }
    try run("BEGIN IMMEDIATE", "begin a transaction")
  }

  /// Ends the open transaction: all of it is kept, or nothing.
  func commit() throws(StoreError) {
    do {
      try run("COMMIT", "commit")
    } catch {
      rollBack()
      throw error
    }
  }

  /// Gives the open transaction up. Some errors have SQLite do that by itself.
  ///
  /// A roll-back only drops what is in memory. Should it fail all the same, the next transaction
  /// begins with another attempt; the error worth reporting is the one that led here.
  func rollBack() {
    if isInTransaction { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
  }

  /// The error that SQLite reported last.
  func failure(_ doing: StaticString) -> StoreError {
    let code = sqlite3_extended_errcode(handle)
    var message = "\(path): \(doing): \(String(cString: sqlite3_errmsg(handle))) (SQLite \(code))"
    // Asking for it sets SQLite's own last error, so it comes after.
    let system = code & 0xff == SQLITE_IOERR ? periodic_sqlite_errno(handle) : 0
    if system != 0 {
      message += ": \(String(cString: strerror(system)))"
    }
    let kind = Connection.code(code, system)
    if kind == .corrupt { message += StoreError.advice(path) }
    return StoreError(kind, message)
  }

  private static func code(_ code: Int32, _ system: Int32) -> StoreError.Code {
    switch code & 0xff {
    case SQLITE_FULL: .full
    case SQLITE_BUSY, SQLITE_LOCKED: .busy
    case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
    case SQLITE_PERM, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_AUTH: .denied
    case SQLITE_IOERR where [ENOSPC, EDQUOT, EFBIG].contains(system): .full
    default: .failed
    }
  }
}
