import CSQLite
import PeriodicCore
import PeriodicStore

/// A prepared statement.
///
/// Bytes are bound without a copy, so each use is: bind, then `run` in the same call; bindings are
/// cleared when it returns. A failed `bind` is reported by the `run` after it.
final class Statement {
  private let connection: Connection
  private let handle: OpaquePointer
  private let doing: StaticString
  private var bindFailure = SQLITE_OK

  /// `doing` is what error messages say was being done.
  init(_ sql: String, on connection: Connection, _ doing: StaticString) throws(StoreError) {
    var prepared: OpaquePointer?
    let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
    var sql = sql
    let code = sql.withUTF8 { text in
      text.withMemoryRebound(to: CChar.self) {
        sqlite3_prepare_v3(
          connection.handle, $0.baseAddress, Int32($0.count), flags, &prepared, nil)
      }
    }
    guard code == SQLITE_OK, let prepared else {
      var failure = connection.failure(doing)
      // The text is ours and right: a table or a column is missing.
      if code == SQLITE_ERROR {
        failure = StoreError(.corrupt, failure.message + StoreError.advice(connection.path))
      }
      throw failure
    }
    self.connection = connection
    self.doing = doing
    handle = prepared
  }

  deinit { sqlite3_finalize(handle) }

  func bind(_ index: Int32, _ value: Int64) {
    note(sqlite3_bind_int64(handle, index, value))
  }

  func bind(_ index: Int32, _ bytes: Bytes) {
    // A null pointer would bind NULL, which is not the empty blob.
    guard let base = bytes.baseAddress, bytes.count > 0 else {
      return note(sqlite3_bind_zeroblob(handle, index, 0))
    }
    note(sqlite3_bind_blob64(handle, index, base, UInt64(bytes.count), nil))
  }

  /// Runs a statement without rows.
  func run() throws(StoreError) {
    defer { finish() }
    while try step() {}
  }

  /// Calls `body` with each row; columns are read inside it, and borrowed.
  func forEachRow(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    defer { finish() }
    while try step() { try body() }
  }

  /// Goes to the next row; false after the last.
  func step() throws(StoreError) -> Bool {
    if bindFailure != SQLITE_OK { throw connection.failure(doing) }
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw connection.failure(doing)
    }
  }

  func number(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  func isNumber(_ column: Int32) -> Bool {
    sqlite3_column_type(handle, column) == SQLITE_INTEGER
  }

  func bytes(_ column: Int32) -> Bytes {
    let start = sqlite3_column_blob(handle, column)
    return Bytes(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
  }

  private func finish() {
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
    bindFailure = SQLITE_OK
  }

  private func note(_ code: Int32) {
    if bindFailure == SQLITE_OK { bindFailure = code }
  }
}
