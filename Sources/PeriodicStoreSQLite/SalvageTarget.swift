import Glibc
import PeriodicCore
import PeriodicStore

/// The new store that salvaged jobs go to: complete under its name, or not there.
final class SalvageTarget {
  private let path: String
  private let partPath: String
  private var database: JobDatabase?
  private let lock: StoreLock
  private var insert: Statement?
  private var isClosed = false
  private var pending = 0
  /// Rows that one transaction takes.
  private static let atOnce = 20_000

  /// Fails if there is a file of that name.
  init(_ given: String) throws(StoreError) {
    let location = try StoreLocation(given)
    path = location.path
    partPath = path + ".part"
    if location.exists { throw StoreError(system: EEXIST, path, "make") }
    let file = Glibc.open(partPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if file < 0 { throw StoreError(system: errno, partPath, "make") }
    Glibc.close(file)
    do throws(StoreError) {
      lock = try StoreLock(partPath + ".lock")
    } catch {
      unlink(partPath)
      throw error
    }
    do throws(StoreError) {
      let database = try JobDatabase(StoreLocation(partPath), SQLiteStore.Options())
      self.database = database
      insert = try Statement(SalvageTarget.insertSQL, on: database.connection, "write a job")
      try database.connection.run("BEGIN IMMEDIATE", "begin")
    } catch {
      abandon()
      throw error
    }
  }

  private static let insertSQL = """
    INSERT INTO jobs(id, func, name, due_ms, scheduled_at, timeout, count, origin,
      previous_run_at, extra, workload) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING
    """

  func add(_ job: SalvagedJob) throws(StoreError) {
    let result = job.record.bytes.withUnsafeBytes { bytes -> Result<Void, StoreError> in
      if let insert { job.bind(to: insert, bytes) }
      do throws(StoreError) { return .success(try insert?.run() ?? ()) } catch {
        return .failure(error)
      }
    }
    try result.get()
    pending += 1
    if pending == SalvageTarget.atOnce {
      try run("COMMIT; BEGIN IMMEDIATE")
      pending = 0
    }
  }

  /// One operation of those that a store keeps beside its jobs.
  func add(_ operation: StoreOperation) throws(StoreError) { try database?.write(operation) }

  /// Of jobs with the same function and name the one with the smallest id stays.
  func removeDuplicates() throws(StoreError) -> Int {
    guard let connection = database?.connection else { return 0 }
    let doubles = try Doubles.find(connection) { _ in }
    for id in doubles { try run("DELETE FROM jobs WHERE id = \(id.second)") }
    return doubles.count
  }

  /// Functions of jobs that are not in the list of them.
  func addMissingFunctions() throws(StoreError) {
    try run("INSERT OR IGNORE INTO functions(name) SELECT DISTINCT func FROM jobs")
  }

  func number(_ sql: String) throws(StoreError) -> Int64 {
    try database?.connection.number(sql, "count") ?? 0
  }

  /// Gives the file its name, with the owner and the rights of the original.
  func finish(like original: String) throws(StoreError) {
    try run("COMMIT")
    close()
    var status = stat()
    if stat(original, &status) == 0 {
      // Only root may give files away; the rights are then the owner's to set.
      if chown(partPath, status.st_uid, status.st_gid) == 0 || status.st_uid == geteuid() {
        chmod(partPath, status.st_mode & 0o777)
      }
    }
    var named = stat()
    if lstat(path, &named) == 0 { throw StoreError(system: EEXIST, path, "make") }
    if rename(partPath, path) != 0 { throw StoreError(system: errno, path, "rename to") }
    try syncDirectory()
  }

  /// Removes what was written.
  func abandon() {
    close()
    for end in ["", "-wal", "-journal"] { unlink(partPath + end) }
  }

  private func close() {
    if isClosed { return }
    isClosed = true
    insert = nil
    database = nil
    lock.release()
  }

  private func run(_ sql: String) throws(StoreError) {
    try database?.connection.run(sql, "write the new store")
  }

  private func syncDirectory() throws(StoreError) {
    let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let file = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if file < 0 { throw StoreError(system: errno, directory, "open the directory") }
    let code = fsync(file) == 0 ? 0 : errno
    Glibc.close(file)
    if code != 0 { throw StoreError(system: code, directory, "sync") }
  }
}
