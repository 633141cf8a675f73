import CSQLite
import PeriodicStore

/// The form of the file: how a new one is made, and how ours is known.
///
/// Jobs have one key, the id, which only grows: a batch then dirties the few pages at the right
/// edge of one tree. Every index more, or the names as key, costs 3.5 to 16 times the speed
/// (ARCHITECTURE "Decisions"). `workload` is last, so that reading the other columns stops before
/// it.
enum Schema {
  /// "Peri": marks a SQLite file as ours.
  static let applicationID: Int64 = 0x5065_7269
  /// Looks at an existing file without changing anything in it or beside it.
  ///
  /// Opening a database in earnest may recover a journal; a foreign file must not suffer that. So
  /// the first look is at the header of the file alone. Ours has its marks there before it ever has
  /// a write-ahead log, because it is made under a rollback journal.
  static func probe(
    _ location: StoreLocation, _ options: SQLiteStore.Options
  ) throws(StoreError) {
    let connection = try Connection(location.path, flags: SQLITE_OPEN_READONLY, vfs: options.vfs)
    let header = try connection.start(100)
    if header.allSatisfy({ $0 == 0 }) {
      // Nothing there yet; or a power cut in the making of the file left other pages than the
      // first, which its journal takes back.
      if location.isEmpty || location.hasRollbackJournal { return }
    }
    if !header.starts(with: "SQLite format 3\0".utf8) {
      throw StoreError(
        .corrupt, "\(location.path): is not a SQLite file, so no store: name another path")
    }
    try check(
      mark: number(header, at: 68), version: number(header, at: 60), location.path,
      version: version(options.formatSteps))
  }

  /// Refuses an open file that is not ours, or of a version that this program does not know.
  static func check(
    _ connection: Connection, version: Int64
  ) throws(StoreError) {
    try check(
      mark: connection.number("PRAGMA application_id", "look at the file"),
      version: connection.number("PRAGMA user_version", "look at the file"), connection.path,
      version: version)
  }

  private static func check(
    mark: Int64, version found: Int64, _ path: String, version: Int64
  ) throws(StoreError) {
    if mark != applicationID {
      throw StoreError(
        .corrupt, "\(path): a SQLite file, but not one of Periodic: name another path")
    }
    if found > version {
      throw StoreError(
        .corrupt,
        "\(path): written by a newer version of Periodic (format \(found), "
          + "this program knows format \(version))")
    }
    if found < 1 {
      throw StoreError(damaged: path, "damaged: there is no format \(found)")
    }
  }

  /// A signed big-endian number of four bytes, as SQLite's header has them.
  private static func number(_ header: [UInt8], at offset: Int) -> Int64 {
    let bits = header[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return Int64(Int32(bitPattern: bits))
  }

  /// Makes the tables of a new file, of version 1; inside a transaction.
  static func create(_ connection: Connection) throws(StoreError) {
    try connection.run(
      "PRAGMA application_id = \(applicationID); PRAGMA user_version = 1;",
      "make a new store")
    try connection.run(tables, "make a new store")
  }

  /// What `SQLiteStore.Options.keepsMetrics` adds to a file, of any version: no program looks for
  /// it to know a file. Names are text here, because only people read them.
  static let metrics = """
    CREATE TABLE IF NOT EXISTS metrics(
      event TEXT NOT NULL,
      name TEXT NOT NULL,               -- the function, or the lock
      duration_ms INTEGER NOT NULL,
      created_at INTEGER NOT NULL       -- seconds since 1970
    ) STRICT;
    """

  // The comments stay in the file: the sqlite3 tool's .schema shows them.
  private static let tables = """
    CREATE TABLE jobs(
      id INTEGER PRIMARY KEY,
      func BLOB NOT NULL,
      name BLOB NOT NULL,
      due_ms INTEGER NOT NULL,          -- the order key, milliseconds since 1970
      scheduled_at INTEGER NOT NULL,    -- as submitted, seconds since 1970
      timeout INTEGER NOT NULL,         -- seconds; 0 is none given
      count INTEGER NOT NULL,           -- how often put back for later
      origin INTEGER NOT NULL,          -- generation of the submitter's protocol
      previous_run_at INTEGER NOT NULL, -- seconds since 1970; 0 is never
      extra BLOB,                       -- optional fields of later versions, kept as they are
      workload BLOB NOT NULL
    ) STRICT;
    CREATE TABLE functions(name BLOB PRIMARY KEY, extra BLOB) STRICT, WITHOUT ROWID;
    CREATE TABLE settings(key BLOB PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    -- Jobs of func up to this id are gone, though their rows may still stand.
    CREATE TABLE drops(
      func BLOB NOT NULL, up_to INTEGER NOT NULL, PRIMARY KEY(func, up_to)
    ) STRICT, WITHOUT ROWID;
    -- Numbers below up_to may have been used: ids of jobs and fencing numbers.
    CREATE TABLE reserved(
      only INTEGER PRIMARY KEY CHECK (only = 1), up_to INTEGER NOT NULL
    ) STRICT;
    -- For people; nothing reads it.
    CREATE VIEW job_list AS
      SELECT id, CAST(func AS TEXT) AS func, CAST(name AS TEXT) AS name,
        datetime(due_ms / 1000, 'unixepoch') AS due, count, timeout, length(workload) AS bytes
      FROM jobs;
    """
}
