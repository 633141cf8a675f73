import CSQLite
import Glibc
public import PeriodicCore
public import PeriodicStore

/// A durable store in one SQLite file.
///
/// While it is open there are, beside the file `path`, its write-ahead log `path-wal` and the lock
/// file `path.lock`, which holds the number of the process; and, also while it is closed,
/// `path.reserve`, which keeps room free for when the disk is full. The file can be read with the
/// `sqlite3` tool while no server has it open; the table of jobs comes readable as the view
/// `job_list`.
///
/// Like every driver it is called from one thread at a time. A second server is refused with
/// `.busy`, whether it is in another process or in this one.
public final class SQLiteStore: StoreDriver {
  /// How a store is kept.
  public struct Options: Sendable {
    /// How hard a batch is written before it counts as durable.
    public var sync = StoreSync.always
    /// Memory for pages of the file. Batches touch the end of it, so little is needed.
    public var cacheBytes = 8 << 20
    /// Pages in the write-ahead log at which they are moved into the file.
    public var checkpointPages = 1000
    /// Whether to keep `StoreOperation.addMetric`, in a table `metrics`, which only grows.
    public var keepsMetrics = false
    /// Bytes of the file `path.reserve`, which is given up when the disk is full, so that jobs can
    /// still be ended and removed; 0 is none. As much again must be free for it to be made.
    public var reserveBytes = 8 << 20
    /// Bytes that the file may waste before it is compacted (`maintain`): in half empty pages, and
    /// as much again in empty ones.
    package var slackBytes = 16 << 20
    /// The name of the SQLite file system to use; the usual one when nil.
    package var vfs: String?
    /// The way from version 1 of the format to this program's; another one in tests.
    package var formatSteps = Schema.steps

    public init() {}
  }

  private let path: String
  private let options: Options
  private var opened: Opened?
  /// The batches of the open transaction.
  private var staged: [StoreBatch] = []
  /// What went wrong with the sync of the last commit, until `endCommit` asks for it.
  private var commitFailure: StoreError?
  public private(set) var lastWritten: Int64?

  /// A store in the file `path`, which is made by `open` if it does not exist. Its directory must.
  public init(path: String, options: Options = Options()) {
    self.path = path
    self.options = options
  }

  deinit { close() }

  /// The version of the SQLite library in use, such as "3.40.1".
  public static var libraryVersion: String { String(cString: sqlite3_libversion()) }

  /// The version of the file's format that is written.
  package static var formatVersion: Int { Int(Schema.version(Schema.steps)) }

  public func open() throws(StoreError) {
    if opened != nil { throw StoreError(.busy, "\(path): is open already") }
    let location = try StoreLocation(path)
    let reserve = Reserve(beside: location.path, size: options.reserveBytes)
    lastWritten = location.lastWritten
    do throws(StoreError) {
      opened = try Opened(location, options, reserve)
    } catch {
      guard error.code == .full, reserve.giveUp() else { throw error }
      opened = try Opened(StoreLocation(path), options, reserve)
    }
    opened?.keepReserve()
  }

  public func load(_ visit: (StoredItem) -> Void) throws(StoreError) {
    try database().load(visit)
  }

  public func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {
    try database().read(ids, visit)
  }

  public func apply(_ batch: StoreBatch) throws(StoreError) {
    try commit(batch, signal: -1, waits: true)
  }

  public func commit(_ batch: StoreBatch, signal: Int32) throws(StoreError) -> Bool {
    try commit(batch, signal: signal, waits: false)
    return opened?.database?.log?.isUnderWay ?? false
  }

  private func commit(
    _ batch: StoreBatch, signal: Int32, waits: Bool
  ) throws(StoreError) {
    let database = try database()
    if let bytes = batch.liveBytes { database.compaction.liveBytes = bytes }
    if !batch.isEmpty { _ = try stage(batch) }
    if staged.isEmpty { return }
    defer { staged.removeAll(keepingCapacity: true) }
    let isRefusable = staged.contains { $0.isRefusable }
    let sweeps = !database.leftovers.isEmpty
    do throws(StoreError) {
      try database.commit(signal: signal, waits: waits || sweeps)
      if isRefusable { opened?.keepReserve() }
    } catch {
      try makeRoom(in: database, error)
      try database.commit(signal: signal, waits: waits || sweeps)
    }
    // The batch is durable, which is what was asked for: rows that a former run left behind can
    // wait for a later attempt when they cannot be deleted now.
    if sweeps { _ = try? database.sweep() }
  }

  public var isCommitOver: Bool { opened?.database?.log?.isOver ?? true }

  public func endCommit() throws(StoreError) {
    if let database = opened?.database { waitForSync(database) }
    guard let failure = commitFailure else { return }
    commitFailure = nil
    staged.removeAll(keepingCapacity: true)
    throw failure
  }

  private func waitForSync(_ database: JobDatabase) {
    do throws(StoreError) {
      try database.endCommit()
    } catch {
      commitFailure = error
    }
  }

  public func stage(_ batch: StoreBatch) throws(StoreError) -> Bool {
    let database = try database()
    if let bytes = batch.liveBytes { database.compaction.liveBytes = bytes }
    staged.append(batch)
    do throws(StoreError) {
      try database.stage(batch)
    } catch {
      do throws(StoreError) {
        try makeRoom(in: database, error)
      } catch {
        staged.removeAll(keepingCapacity: true)
        throw error
      }
    }
    return true
  }

  /// After a transaction that found the disk full, makes what room there is and stages all of it
  /// again; any other error is the caller's.
  private func makeRoom(in database: JobDatabase, _ error: StoreError) throws(StoreError) {
    guard error.code == .full, database.log?.hasFailed != true else { throw error }
    // Before the log is moved it has to be known what of it counts.
    waitForSync(database)
    if let commitFailure { throw commitFailure }
    if !staged.contains(where: { $0.isRefusable }) { opened?.giveUpReserve() }
    // With the log moved into the file its room can be written anew.
    database.moveLog()
    if database.log?.hasFailed == true { throw error }
    for batch in staged { try database.stage(batch) }
  }

  public func maintain() throws(StoreError) -> Bool {
    let database = try database()
    database.checkpointIfDue()
    // A backup copies pages: what moves about in the file meanwhile would be copied twice.
    return opened?.backup == nil ? try database.compact() : false
  }

  public func beginBackup(to path: String) throws(StoreError) {
    let database = try database()
    if opened?.backup != nil { throw StoreError(.busy, "\(path): another backup is under way") }
    opened?.backup = try Backup(of: database.connection, to: path, vfs: options.vfs)
  }

  public func continueBackup() throws(StoreError) -> BackupProgress {
    guard let backup = opened?.backup else {
      throw StoreError(
        .failed, "\(path): the backup ended when a sync failed and the file was opened anew")
    }
    do throws(StoreError) {
      let progress = try backup.step()
      if progress.isFinished { opened?.backup = nil }
      return progress
    } catch {
      opened?.backup = nil
      throw error
    }
  }

  public func cancelBackup() { opened?.backup = nil }

  public func probe() throws(StoreError) {
    let database = try database()
    if database.hasFailedToSync { try database.sync() }
    database.moveLog()
    do throws(StoreError) {
      try opened?.makeReserve()
    } catch {
      // Rows that were deleted leave room in the file.
      let room = try database.freeBytes()
      if error.code == .full, room < 2 * options.reserveBytes { throw error }
    }
    try database.writeNothing()
  }

  public var syncInterval: Int? {
    if case .batch(let milliseconds) = options.sync { milliseconds } else { nil }
  }

  public func sync() throws(StoreError) {
    if syncInterval != nil { try database().sync() }
  }

  public func close() {
    guard let opened else { return }
    self.opened = nil
    staged = []
    if opened.process == getpid() {
      opened.close()
    } else {
      // A child made by `fork` has neither the locks nor a right to the file; even closing SQLite's
      // handle would work on it. The memory is given up.
      _ = Unmanaged.passRetained(opened)
    }
  }

  private func database() throws(StoreError) -> JobDatabase {
    guard let opened else { throw StoreError(.failed, "\(path): is not open") }
    return try opened.working()
  }
}
