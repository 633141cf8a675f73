import CSQLite
import Testing

/// SQLite without the store: what another program would do to a file.
struct RawDatabase {
  /// Runs statements on `path` and closes it, without moving the log into the file if `isCrash`.
  static func run(
    _ sql: String, on path: String, isCrash: Bool = false, expecting code: Int32 = SQLITE_OK
  ) {
    var database: OpaquePointer?
    #expect(sqlite3_open(path, &database) == SQLITE_OK)
    guard let database else { return }
    if isCrash { _ = periodic_sqlite_switch(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1) }
    sqlite3_extended_result_codes(database, 1)
    #expect(sqlite3_exec(database, sql, nil, nil, nil) == code, "\(sql)")
    sqlite3_close(database)
  }

  /// The code of running a statement.
  static func code(_ sql: String, on path: String) -> Int32 {
    var database: OpaquePointer?
    sqlite3_open(path, &database)
    defer { sqlite3_close(database) }
    return sqlite3_exec(database, sql, nil, nil, nil)
  }

  /// The first value of the first row, as text.
  static func text(_ sql: String, on path: String) -> String? {
    var database: OpaquePointer?
    var statement: OpaquePointer?
    sqlite3_open(path, &database)
    defer { sqlite3_close(database) }
    sqlite3_prepare_v2(database, sql, -1, &statement, nil)
    defer { sqlite3_finalize(statement) }
    guard sqlite3_step(statement) == SQLITE_ROW else { return nil }
    return sqlite3_column_text(statement, 0).map { String(cString: $0) }
  }
}
