public import PeriodicStore

/// What a check of a store's file found out.
public struct StoreCheck: Sendable, Equatable {
  /// Sentences about damage that were handed over.
  public internal(set) var problems = 0
  public internal(set) var jobs = 0
  /// Rows of functions that were dropped; the server deletes them by and by.
  public internal(set) var droppedRows = 0
  public internal(set) var functions = 0
  /// Bytes of all workloads.
  public internal(set) var workloadBytes: Int64 = 0
  /// Bytes of the file and of its write-ahead log.
  public internal(set) var fileBytes: Int64 = 0
  public internal(set) var logBytes: Int64 = 0
  public internal(set) var pages: Int64 = 0
  /// Pages that nothing is kept in.
  public internal(set) var freePages: Int64 = 0

  public var isSound: Bool { problems == 0 }

  /// Where a check is; `count` is of rows.
  public enum Step: Sendable, Equatable {
    case structure
    case jobs(count: Int)
    case names(count: Int)
  }

  /// Looks at a store that no server has open: at the form of the file, and at every row.
  ///
  /// Changes nothing. `problem` hears each sentence about damage at once. Throws if the file could
  /// not be looked at, for reasons other than damage.
  public static func run(
    _ path: String, problem: @escaping (String) -> Void,
    progress: @escaping (Step) -> Void = { _ in }
  ) throws(StoreError) -> StoreCheck {
    let location = try StoreLocation(path)
    if !location.exists { throw StoreError(.denied, "\(path): there is no such file") }
    let lock = try StoreLock(location.lockPath)
    defer { lock.release() }
    var result = StoreCheck()
    let checker = StoreChecker(location, problem, progress)
    do throws(StoreError) {
      try checker.run()
      result = checker.result
    } catch {
      result = checker.result
      guard error.code == .corrupt else { throw error }
      checker.note(error)
      result = checker.result
    }
    return result
  }
}
