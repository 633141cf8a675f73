import PeriodicCore
import PeriodicLoop
import PeriodicStore

/// When a store does what can wait, a backup or the compaction of its file: while nothing is asked
/// of it, and now and then between batches, so that it comes to an end under load too.
struct StoreChores {
  /// Batches between two slices under load.
  private static let batchesBetween = 16
  /// Milliseconds without a request after which the store counts as idle.
  private static let idleDelay: Int64 = 10
  /// Milliseconds between two reports of a backup.
  private static let reportInterval: Int64 = 50

  private var batches = 0
  /// In `ThreadCondition.now`: when a slice is due if no request comes; nil if there is nothing.
  private(set) var deadline: Int64?
  private var backup: BackupState?
  private var reportedAt: Int64 = 0

  /// Whether a slice is due, whatever waits.
  var isDue: Bool { deadline.map { ThreadCondition.now >= $0 } ?? false }

  /// A batch was applied.
  mutating func applied() {
    batches += 1
    deadline = ThreadCondition.now + (batches >= StoreChores.batchesBetween ? 0 : Self.idleDelay)
  }

  /// Does a slice if one is due.
  ///
  /// What stands in the way of a compaction is met, and reported, by a later batch, which also
  /// brings it back.
  ///
  /// - Returns: news of the backup.
  mutating func runIfDue(_ driver: any StoreDriver) -> BackupState? {
    guard isDue else { return nil }
    batches = 0
    if backup != nil { return continueBackup(driver) }
    // A request that has come meanwhile goes first.
    deadline = (try? driver.maintain()) ?? false ? ThreadCondition.now + 1 : nil
    return nil
  }

  // MARK: A backup

  mutating func beginBackup(to path: String, _ driver: any StoreDriver) -> BackupState {
    let state = BackupState.running(path)
    do throws(StoreError) {
      try driver.beginBackup(to: path)
      backup = state
      deadline = ThreadCondition.now
      return state
    } catch {
      return state.failed(error)
    }
  }

  mutating func cancelBackup(_ driver: any StoreDriver) -> BackupState? {
    guard var state = backup else { return nil }
    driver.cancelBackup()
    backup = nil
    state.phase = .cancelled
    return state
  }

  private mutating func continueBackup(_ driver: any StoreDriver) -> BackupState? {
    guard var state = backup else { return nil }
    deadline = ThreadCondition.now + 1
    do throws(StoreError) {
      let progress = try driver.continueBackup()
      state.pages = progress.pages
      state.pagesDone = progress.pagesDone
      if progress.isFinished { state.phase = .done }
    } catch {
      state = state.failed(error)
    }
    backup = state.phase == .running ? state : nil
    let isNews = backup == nil || ThreadCondition.now - reportedAt >= StoreChores.reportInterval
    if isNews { reportedAt = ThreadCondition.now }
    return isNews ? state : nil
  }
}

extension BackupState {
  fileprivate func failed(_ error: StoreError) -> BackupState {
    var state = self
    state.phase = .failed
    state.error = error.message
    return state
  }
}
