import CSQLite
import Glibc
import PeriodicStore

/// A copy of an open store, made page by page between batches (sqlite.org/backup.html).
///
/// SQLite carries what batches change meanwhile over to the copy, because they come through the
/// same connection; only after a batch that failed it begins anew. The copy is `path.part` until it
/// is complete and synced. It is readable for its owner alone, like a dump of everything would be.
final class Backup {
  /// Pages copied at a time: some milliseconds.
  private static let pagesInStep: Int32 = 128
  /// Steps after which the copy is synced, so that the system never has so much to write at once
  /// that syncs of the store wait for it.
  private static let stepsBetweenSyncs = 8
  /// What the connection to the copy keeps in memory: as little as it may.
  private static let cacheBytes = 1 << 20

  private let path: String
  private var part: String { path + ".part" }
  private let file: Int32
  private let source: Connection
  private var copy: Connection?
  private var handle: OpaquePointer?
  private var steps = 0
  /// Whether nothing is left to be removed.
  private var isOver = false

  /// - Parameter path: absolute, of a file that is not there yet.
  init(of source: Connection, to path: String, vfs: String?) throws(StoreError) {
    self.path = path
    self.source = source
    var status = stat()
    if lstat(path, &status) == 0 { throw StoreError(system: EEXIST, path, "back up") }
    // What it is opened for is known here, and what a link points to is not ours to write.
    file = open(path + ".part", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    if file < 0 {
      isOver = true
      let advice = errno == EEXIST ? "; a backup that was cut off left it: remove it" : ""
      let failure = StoreError(system: errno, path + ".part", "back up")
      throw StoreError(failure.code, failure.message + advice)
    }
    try begin(vfs)
  }

  deinit { giveUp() }

  private func begin(_ vfs: String?) throws(StoreError) {
    let copy = try Connection(part, flags: SQLITE_OPEN_READWRITE, vfs: vfs)
    self.copy = copy
    // Nobody reads it before it is whole, and it is synced here: no journal, no syncs of SQLite's.
    try copy.run(
      """
      PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
      PRAGMA cache_size = -\(Backup.cacheBytes / 1024); PRAGMA mmap_size = 0;
      """, "configure")
    handle = sqlite3_backup_init(copy.handle, "main", source.handle, "main")
    if handle == nil { throw copy.failure("back up") }
  }

  /// Copies some pages, and ends the copy after the last.
  func step() throws(StoreError) -> BackupProgress {
    let code = sqlite3_backup_step(handle, Backup.pagesInStep)
    var progress = BackupProgress()
    progress.pages = Int(sqlite3_backup_pagecount(handle))
    progress.pagesDone = progress.pages - Int(sqlite3_backup_remaining(handle))
    // What went wrong is told at the end only.
    guard code == SQLITE_OK || code == SQLITE_DONE else { throw end() ?? failure }
    steps += 1
    if code == SQLITE_OK {
      if steps % Backup.stepsBetweenSyncs == 0 { try sync() }
      return progress
    }
    try finish()
    progress.isFinished = true
    return progress
  }

  private func finish() throws(StoreError) {
    if let failure = end() { throw failure }
    copy = nil
    try sync()
    try name()
    isOver = true
    close(file)
    try syncDirectory()
  }

  /// Gives the copy its name, but not that of a file that has come meanwhile.
  private func name() throws(StoreError) {
    if link(part, path) == 0 {
      unlink(part)
      return
    }
    // Not every file system has links.
    let isTaken = errno == EEXIST || access(path, F_OK) == 0
    if isTaken { throw StoreError(system: EEXIST, path, "name the backup") }
    if rename(part, path) != 0 { throw StoreError(system: errno, path, "name the backup") }
  }

  private func sync() throws(StoreError) {
    if fdatasync(file) != 0 { throw StoreError(system: errno, part, "sync") }
  }

  /// So that the name is kept, too.
  private func syncDirectory() throws(StoreError) {
    let slash = path.lastIndex(of: "/")
    let name = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let directory = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory < 0 { throw StoreError(system: errno, name, "open the directory") }
    defer { close(directory) }
    if fsync(directory) != 0 { throw StoreError(system: errno, name, "sync") }
  }

  private func end() -> StoreError? {
    let code = sqlite3_backup_finish(handle)
    handle = nil
    return code == SQLITE_OK ? nil : failure
  }

  private var failure: StoreError {
    copy?.failure("back up") ?? StoreError(.failed, "\(path): back up")
  }

  private func giveUp() {
    if isOver { return }
    if handle != nil { _ = end() }
    copy = nil
    unlink(part)
    close(file)
  }
}
