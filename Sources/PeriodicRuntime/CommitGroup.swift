import PeriodicLoop
import PeriodicStore

/// Which batches a store makes durable together: all that have come when it has written them and
/// the group before is durable, and on a slow disk those that may be expected.
///
/// A group is written while the one before it is being synced, where the store can do that; two are
/// never synced at the same time, so that after a failure there is one to be undone.
///
/// Who waits for an acknowledgement often asks for the next change when it has come. Such clients
/// fall into two halves, of which one waits while the other's changes are committed. On a fast disk
/// that is as it should be: server, store and disk work at the same time. On a slow one it needs
/// two syncs where one is enough; there a group that is smaller than the last one and what came
/// meanwhile waits, but not longer than a commit takes: so it loses at most as much as it can gain.
struct CommitGroup {
  /// Operations and bytes in one group, so that none waits for long.
  private static let mostOperations = 32_768
  private static let mostBytes = 32 << 20
  /// Microseconds that writing a group takes, where commits are not slower: ten times what a sync
  /// takes on a good disk, so that little is lost by not waiting for more.
  private static let longestWriting: Int64 = 4000
  /// Microseconds that a commit takes, on average, from which on waiting pays; and that a group
  /// waits at most.
  private static let slowCommit: Int64 = 600
  private static let longestWait: Int64 = 5000

  /// Operations in a group, below which the thread waits for its sync at once: to have the system
  /// sync meanwhile takes as long as to write so many.
  static let worthOverlapping = 32

  private let nothing = StoreBatch()
  /// Operations that are likely to come.
  private var expected = 0
  /// Microseconds that the last commits took, on average: a disk that is allowed so many syncs a
  /// second makes some at once and has others wait, and each one saved shortens that.
  private var commitTime: Int64 = 0
  /// How many commits that looks back on.
  private static let commitsRemembered: Int64 = 16

  /// Batches of the group that is being synced.
  private var syncing = 0
  /// Microseconds of the clock, when its commit began.
  private var begun: Int64 = 0

  /// Whether there is such a group, which `end` has to end.
  var isSyncing: Bool { syncing > 0 }

  /// Makes a batch durable, and those that come meanwhile, or begins to.
  ///
  /// After an error nothing is left of what was not told of.
  ///
  /// - Parameter durable: told how many batches more are durable.
  mutating func write(
    _ first: StoreBatch, _ driver: any StoreDriver, _ inbox: StoreInbox, durable: (Int) -> Void
  ) throws(StoreError) {
    var batch = first
    var last = nothing
    var count = 1
    var operations = 0
    var bytes = 0
    var wait = Wait(commitTime)
    while true {
      operations += batch.count
      bytes += batch.byteCount
      guard try stage(batch, driver, durable) else {
        last = batch
        break
      }
      if operations >= CommitGroup.mostOperations || bytes >= CommitGroup.mostBytes { break }
      guard let next = try next(operations, &wait, driver, inbox, durable) else { break }
      batch = next
      count += 1
    }
    try end(driver, durable)
    begun = ThreadCondition.microseconds
    syncing = count
    if try !commit(last, operations, driver, inbox) { try end(driver, durable) }
    expected = operations + inbox.waitingOperations
  }

  /// Waits for the group that is being synced.
  mutating func end(_ driver: any StoreDriver, _ durable: (Int) -> Void) throws(StoreError) {
    guard syncing > 0 else { return }
    let count = syncing
    syncing = 0
    try driver.endCommit()
    let took = ThreadCondition.microseconds - begun
    commitTime += (took - commitTime) / CommitGroup.commitsRemembered
    durable(count)
  }

  /// How long a group may still wait for batches.
  private struct Wait {
    /// Microseconds of the clock, after which it takes no more, whether they wait or not.
    var end: Int64
    /// Microseconds that it waits for those that may be expected.
    var patience: Int64

    init(_ commitTime: Int64) {
      end = ThreadCondition.microseconds + max(CommitGroup.longestWriting, commitTime)
      patience = commitTime >= CommitGroup.slowCommit ? min(commitTime, CommitGroup.longestWait) : 0
    }
  }

  private mutating func stage(
    _ batch: StoreBatch, _ driver: any StoreDriver, _ durable: (Int) -> Void
  ) throws(StoreError) -> Bool {
    do throws(StoreError) {
      return try driver.stage(batch)
    } catch {
      // The group before may be durable all the same.
      try end(driver, durable)
      throw error
    }
  }

  /// The next batch of the group, if there is one.
  private mutating func next(
    _ operations: Int, _ wait: inout Wait, _ driver: any StoreDriver, _ inbox: StoreInbox,
    _ durable: (Int) -> Void
  ) throws(StoreError) -> StoreBatch? {
    if syncing > 0 {
      switch inbox.nextBatch(unless: { driver.isCommitOver }) {
      case .batch(let batch): return batch
      case .other: return nil
      case .commitOver: try end(driver, durable)
      }
      wait = Wait(commitTime)
    }
    let begun = ThreadCondition.microseconds
    if begun >= wait.end { return nil }
    let next = inbox.nextBatch(within: operations < expected ? wait.patience : 0)
    wait.patience -= ThreadCondition.microseconds - begun
    return next
  }

  private mutating func commit(
    _ last: StoreBatch, _ operations: Int, _ driver: any StoreDriver, _ inbox: StoreInbox
  ) throws(StoreError) -> Bool {
    do throws(StoreError) {
      if operations < CommitGroup.worthOverlapping {
        try driver.apply(last)
        return false
      }
      return try driver.commit(last, signal: inbox.signal.descriptor)
    } catch {
      syncing = 0
      throw error
    }
  }
}
