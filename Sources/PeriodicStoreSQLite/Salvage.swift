import Glibc
import PeriodicCore
public import PeriodicStore

/// What was saved of a damaged store's file, and what was not.
public struct Salvage: Sendable, Equatable {
  /// Jobs in the new store.
  public internal(set) var jobs = 0
  /// Of them, those from pages that nothing led to any more.
  public internal(set) var looseJobs = 0
  /// Functions in the new store.
  public internal(set) var functions = 0
  /// Rows of jobs of which only parts could be read.
  public internal(set) var brokenRows = 0
  /// Jobs that had the names of another one with a smaller number, which stays.
  public internal(set) var duplicates = 0
  /// Rows of functions that had been dropped.
  public internal(set) var droppedRows = 0
  /// Pages that are not what they should be.
  public internal(set) var damagedPages = 0
  /// Pages that the file should have behind its end.
  public internal(set) var missingPages = 0
  /// What is worth knowing before the new store is used.
  public internal(set) var notes: [String] = []

  /// Whether everything there was is in the new store, as far as can be told.
  public var isComplete: Bool {
    brokenRows == 0 && damagedPages == 0 && missingPages == 0 && notes.isEmpty
  }

  /// Writes all jobs of the store at `path` that can be read to a new store at `target`.
  ///
  /// The file is not changed, and needs not be one that SQLite can open. `progress` hears now and
  /// then how many jobs there are so far.
  public static func run(
    _ path: String, to target: String, progress: (Int) -> Void = { _ in }
  ) throws(StoreError) -> Salvage {
    let location = try StoreLocation(path)
    if !location.exists { throw StoreError(system: ENOENT, path, "open") }
    let lock = try Salvage.lock(location)
    defer { lock?.release() }
    let source = try SalvageSource(location.path)
    let writer = try SalvageTarget(target)
    do throws(StoreError) {
      var run = SalvageRun(source, writer)
      try run.all(progress)
      try writer.finish(like: location.path)
      return run.result
    } catch {
      writer.abandon()
      throw error
    }
  }

  /// A disk that may only be read has no server on it.
  private static func lock(_ location: StoreLocation) throws(StoreError) -> StoreLock? {
    do throws(StoreError) {
      return try StoreLock(location.lockPath)
    } catch {
      if error.code == .denied || error.code == .full { return nil }
      throw error
    }
  }
}
