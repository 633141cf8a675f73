import CSQLite
import PeriodicCore
import PeriodicStore

/// The database of an open store: its connection, prepared statements and inherited drops.
final class JobDatabase {
  let connection: Connection
  /// nil where commits are not synced one by one.
  let log: WriteAheadLog?
  let put: Statement
  /// Puts `rowsAtOnce` jobs that have no row yet.
  let putSome: Statement
  /// Puts as many, or `mostRowsAtOnce`, that agree in what `JobDatabase.agree` looks at.
  let putSomeAlike: Statement
  let putManyAlike: Statement
  let reschedule: Statement
  let delete: Statement
  let deleteRun: Statement
  let addFunction: Statement
  let removeFunction: Statement
  let addDrop: Statement
  let removeDrop: Statement
  let reserve: Statement
  let setSetting: Statement
  /// nil where metrics are not kept.
  let addMetric: Statement?
  let slice: Statement
  /// One whole job.
  let row: Statement
  /// Drops that were not finished when the store was opened.
  var leftovers: Leftovers
  /// Whether a transaction is open that has staged batches.
  var isStaging = false
  /// Whether batches were applied since the last `sync`.
  var isDirty = false
  /// Whether a `sync` failed and none has succeeded since.
  var hasFailedToSync = false
  /// No job with a greater number has a row.
  var highest: UInt64
  var compaction: Compaction
  /// The log is moved into the file when it is longer.
  let checkpointBytes: Int
  /// How long the log was when all of it had been moved.
  var movedLength = 0

  /// Opens the file, makes its tables if it is new, and takes SQLite's lock on it.
  init(_ location: StoreLocation, _ options: SQLiteStore.Options) throws(StoreError) {
    connection = try JobDatabase.connect(location, options)
    checkpointBytes = options.checkpointPages * JobDatabase.frameBytes
    put = try Statement(JobDatabase.putSQL, on: connection, "write a job")
    putSome = try Statement(JobDatabase.putSomeSQL, on: connection, "write jobs")
    putSomeAlike = try Statement(
      JobDatabase.putAlikeSQL(JobDatabase.rowsAtOnce), on: connection, "write jobs")
    putManyAlike = try Statement(
      JobDatabase.putAlikeSQL(JobDatabase.mostRowsAtOnce), on: connection, "write jobs")
    reschedule = try Statement(JobDatabase.rescheduleSQL, on: connection, "put a job back")
    delete = try Statement("DELETE FROM jobs WHERE id = ?1", on: connection, "delete a job")
    deleteRun = try Statement(
      "DELETE FROM jobs WHERE id BETWEEN ?1 AND ?2", on: connection, "delete jobs")
    addFunction = try Statement(
      "INSERT INTO functions(name) VALUES(?1) ON CONFLICT DO NOTHING", on: connection,
      "write a function")
    removeFunction = try Statement(
      "DELETE FROM functions WHERE name = ?1", on: connection, "drop a function")
    addDrop = try Statement(
      "INSERT INTO drops(func, up_to) VALUES(?1, ?2) ON CONFLICT DO NOTHING", on: connection,
      "write a drop")
    removeDrop = try Statement(
      "DELETE FROM drops WHERE func = ?1 AND up_to = ?2", on: connection, "end a drop")
    reserve = try Statement(
      "INSERT INTO reserved(only, up_to) VALUES(1, ?1)"
        + " ON CONFLICT DO UPDATE SET up_to = max(up_to, excluded.up_to)",
      on: connection, "reserve numbers")
    setSetting = try Statement(
      "INSERT INTO settings(key, value) VALUES(?1, ?2)"
        + " ON CONFLICT DO UPDATE SET value = excluded.value",
      on: connection, "write a setting")
    slice = try Statement(
      "SELECT id, func FROM jobs WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
      on: connection, "look for rows of dropped functions")
    row = try Statement(JobDatabase.rowSQL, on: connection, "read a job")
    addMetric = try JobDatabase.metrics(connection, options)
    leftovers = try Leftovers(in: connection)
    highest = UInt64(
      max(0, try connection.number("SELECT max(id) FROM jobs", "find the last job")))
    compaction = Compaction(
      slackBytes: options.slackBytes,
      canShrink: try connection.number("PRAGMA auto_vacuum", "look at the file") != 0)
    // What was read has opened the log.
    if case .always = options.sync {
      log = try WriteAheadLog(connection, isUsualFileSystem: options.vfs == nil)
    } else {
      log = nil
    }
    // All is well: closing may now move the write-ahead log into the file.
    try connection.set(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
  }

  private static func metrics(
    _ connection: Connection, _ options: SQLiteStore.Options
  ) throws(StoreError) -> Statement? {
    guard options.keepsMetrics else { return nil }
    try connection.run(Schema.metrics, "make the table of metrics")
    return try Statement(
      "INSERT INTO metrics(event, name, duration_ms, created_at)"
        + " VALUES(CAST(?1 AS TEXT), CAST(?2 AS TEXT), ?3, ?4)",
      on: connection, "write a metric")
  }

  /// Rows in one statement, where there are enough: with more there is little left to save.
  static let mostRowsAtOnce = 64
  static let rowsAtOnce = 8
  /// Parameters of one row.
  static let columns: Int32 = 10
  /// Parameters that rows share which agree, and those that each has.
  static let sharedColumns: Int32 = 5
  static let ownColumns: Int32 = 5

  // `extra` is not named: what a later version put there stays.
  private static let insertSQL = """
    INSERT INTO jobs(id, func, name, due_ms, scheduled_at, timeout, count, origin,
      previous_run_at, workload) VALUES
    """

  private static let putSomeSQL =
    insertSQL + Array(repeating: "(?,?,?,?,?,?,?,?,?,?)", count: rowsAtOnce).joined(separator: ",")

  // Binding is a tenth of the cost of a row.
  private static func putAlikeSQL(_ rows: Int) -> String {
    let values = (0..<Int32(rows)).map { row in
      let own = (1...ownColumns).map { "?\(sharedColumns + row * ownColumns + $0)" }
      return "(\(own[0]),?1,\(own[1]),\(own[2]),\(own[3]),?2,?3,?4,?5,\(own[4]))"
    }
    return insertSQL + values.joined(separator: ",")
  }

  private static let putSQL =
    insertSQL + """
      (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      ON CONFLICT(id) DO UPDATE SET func = excluded.func, name = excluded.name,
        due_ms = excluded.due_ms, scheduled_at = excluded.scheduled_at,
        timeout = excluded.timeout, count = excluded.count, origin = excluded.origin,
        previous_run_at = excluded.previous_run_at, workload = excluded.workload
      """

  private static let rowSQL = """
    SELECT id, func, name, due_ms, scheduled_at, timeout, count, origin, previous_run_at, workload
    FROM jobs WHERE id = ?1
    """

  private static let rescheduleSQL = """
    UPDATE jobs SET scheduled_at = ?2, due_ms = ?3, count = ?4, previous_run_at = ?5
    WHERE id = ?1
    """

  /// The write-ahead log is cut to that when it begins anew.
  private static let logBytes = 16 << 20
  /// What a page takes there.
  private static let frameBytes = 4096 + 24

  private static func connect(
    _ location: StoreLocation, _ options: SQLiteStore.Options
  ) throws(StoreError) -> Connection {
    if location.exists { try Schema.probe(location, options) }
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    let connection = try Connection(location.path, flags: flags, vfs: options.vfs)
    // Where it may not write, SQLite opens for reading only.
    if sqlite3_db_readonly(connection.handle, "main") == 1 {
      throw StoreError(.denied, "\(location.path): open: may only be read")
    }
    // Until the file is known to be ours, closing it must change nothing.
    try connection.set(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
    // A file may hold triggers and the like that somebody added; they are not run.
    try connection.set(SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
    try connection.set(SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)
    try connection.set(SQLITE_DBCONFIG_DEFENSIVE, true)
    try prepare(connection, options)
    return connection
  }

  private static func prepare(
    _ connection: Connection, _ options: SQLiteStore.Options
  ) throws(StoreError) {
    // Where commits are synced by `WriteAheadLog`, so are checkpoints begun (`checkpointIfDue`).
    let (synchronous, checkpoints) =
      switch options.sync {
      case .always: ("FULL", 0)
      case .batch: ("NORMAL", options.checkpointPages)
      case .off: ("OFF", options.checkpointPages)
      }
    // A file is made with a rollback journal, which a power cut may tear where less than all is
    // synced: the mode asked for begins with the log.
    //
    // Exclusive before the log is opened: then its index is in this process's memory, without a
    // shared file, and no second connection can ever come between (SQLite before 3.51.3 may damage
    // the file when two write at the same moment).
    try connection.run(
      """
      PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL;
      PRAGMA cache_size = -\(options.cacheBytes / 1024); PRAGMA secure_delete = OFF;
      PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;
      """, "configure")
    // Asked before the transaction begins: that gives an empty file its first page.
    let isNew = try connection.number("PRAGMA page_count", "look at the file") == 0
    if isNew {
      // A file has its map of pages from its first page on, or never (`Compaction`); an exclusive
      // transaction would begin with that page. The lock file keeps others out all the same.
      try connection.run("BEGIN; PRAGMA auto_vacuum = INCREMENTAL", "make a new store")
      try Schema.create(connection)
    } else {
      try connection.run("BEGIN EXCLUSIVE", "take the file")
      try Schema.check(connection, version: Schema.version(options.formatSteps))
    }
    try Schema.upgrade(connection, options.formatSteps)
    try connection.run("COMMIT", "take the file")
    try connection.run(
      """
      PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = \(checkpoints);
      PRAGMA journal_size_limit = \(logBytes); PRAGMA synchronous = \(synchronous);
      """, "turn the write-ahead log on")
    // SQLite answers with the mode that it has, not with an error.
    if try connection.text("PRAGMA journal_mode", "look at the mode") != "wal" {
      throw StoreError(.failed, "\(connection.path): the write-ahead log cannot be used here")
    }
  }
}
