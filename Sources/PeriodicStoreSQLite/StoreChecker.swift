import CSQLite
import Glibc
import PeriodicCore
import PeriodicStore

/// Goes through a store's file with SQLite, and says of everything that is not as it should be.
final class StoreChecker {
  private(set) var result = StoreCheck()
  private let location: StoreLocation
  private let problem: (String) -> Void
  private let progress: (StoreCheck.Step) -> Void
  /// SQLite says no more of one file; one damaged page makes many sentences.
  private static let mostSentences = 1000

  init(
    _ location: StoreLocation, _ problem: @escaping (String) -> Void,
    _ progress: @escaping (StoreCheck.Step) -> Void
  ) {
    self.location = location
    self.problem = problem
    self.progress = progress
  }

  func note(_ sentence: String) {
    result.problems += 1
    problem(sentence)
  }

  /// Without what a server's refusal has around it.
  func note(_ error: StoreError) {
    var text = error.message[...]
    for start in [location.path + ": ", "damaged: "] where text.hasPrefix(start) {
      text = text.dropFirst(start.count)
    }
    let advice = StoreError.advice(location.path)
    note(String(text.hasSuffix(advice) ? text.dropLast(advice.count) : text))
  }

  func run() throws(StoreError) {
    result.fileBytes = size(location.path)
    result.logBytes = size(location.path + "-wal")
    try Schema.probe(location, SQLiteStore.Options())
    progress(.structure)
    // Before SQLite has the file: closing it a second time would give SQLite's locks up.
    for sentence in try PageAccount.problems(location.path) { note(sentence) }
    let connection = try connect()
    result.pages = try connection.number("PRAGMA page_count", "look at the file")
    result.freePages = try connection.number("PRAGMA freelist_count", "look at the file")
    try each("PRAGMA integrity_check(\(StoreChecker.mostSentences))", connection) { row in
      let sentence = row.bytes(0).text
      if sentence != "ok" { self.note(sentence) }
    }
    try part { () throws(StoreError) in try self.checkJobs(connection) }
    try part { () throws(StoreError) in try self.checkLists(connection) }
    try part { () throws(StoreError) in try self.checkNames(connection) }
  }

  /// Damage ends one part of the check only.
  private func part(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    do throws(StoreError) {
      try body()
    } catch {
      guard error.code == .corrupt else { throw error }
      note(error)
    }
  }

  private func connect() throws(StoreError) -> Connection {
    let connection = try Connection(location.path, flags: SQLITE_OPEN_READWRITE, vfs: nil)
    // A log stays as it is; without one, the empty one that SQLite makes goes again.
    try connection.set(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, result.logBytes > 0)
    try connection.set(SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)
    try connection.run(
      """
      PRAGMA locking_mode = EXCLUSIVE; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;
      PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;
      """, "configure")
    try Schema.check(connection, version: Schema.version(Schema.steps))
    return connection
  }

  private func checkJobs(_ connection: Connection) throws(StoreError) {
    let drops = try Leftovers(in: connection)
    var last: Int64 = -1
    let sql = """
      SELECT id, func, name, due_ms, length(workload), timeout, count, origin FROM jobs ORDER BY id
      """
    try each(sql, connection) { row in
      last = max(last, row.number(0))
      if drops.hides(row.number(0), of: row.bytes(1)) {
        self.result.droppedRows += 1
      } else {
        self.result.jobs += 1
        self.result.workloadBytes += row.number(4)
        do throws(StoreError) {
          _ = try JobRow(row, of: connection.path).entry(row.number(0))
        } catch {
          self.note(error)
        }
      }
      let seen = self.result.jobs + self.result.droppedRows
      if seen % 1000 == 0 { self.progress(.jobs(count: seen)) }
    }
    let reserved = try connection.number("SELECT max(up_to) FROM reserved", "read the numbers")
    let greatest = max(last, drops.end)
    if reserved <= greatest {
      note("reserved: numbers up to \(reserved) were given away, but there is \(greatest)")
    }
    if reserved > JobRow.lastNumber { note("reserved: up to \(reserved)") }
  }

  private func checkLists(_ connection: Connection) throws(StoreError) {
    try each("SELECT name FROM functions", connection) { row in
      self.result.functions += 1
      let count = row.bytes(0).count
      if !(1...Limits.nameBytes ~= count) { self.note("functions: a name of \(count) bytes") }
    }
    try each("SELECT key, value FROM settings", connection) { row in
      if UInt32(exactly: row.number(1)) == nil {
        self.note("settings: \(row.bytes(0).text) is \(row.number(1))")
      }
    }
    try each("SELECT func, up_to FROM drops", connection) { row in
      let isName = 1...Limits.nameBytes ~= row.bytes(0).count
      if !isName || !(0..<JobRow.lastNumber ~= row.number(1)) {
        self.note("drops: \(row.bytes(0).text) up to \(row.number(1))")
      }
    }
  }

  private func checkNames(_ connection: Connection) throws(StoreError) {
    let pairs = try Doubles.find(connection) { count in
      if count % 1000 == 0 { self.progress(.names(count: count)) }
    }
    for pair in pairs {
      note("job \(pair.second): has the function and the name of job \(pair.first)")
    }
  }

  private func each(
    _ sql: String, _ connection: Connection, _ body: (Statement) -> Void
  ) throws(StoreError) {
    let statement = try Statement(sql, on: connection, "check")
    try statement.forEachRow { () throws(StoreError) in body(statement) }
  }

  private func size(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }
}
