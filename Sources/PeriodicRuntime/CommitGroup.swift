import PeriodicLoop
import PeriodicStore

/// Which batches a store makes durable together: all that have come when it has written them, and
/// on a slow disk those that may be expected.
///
/// Who waits for an acknowledgement often asks for the next change when it has come. Such clients
/// fall into two halves, of which one waits while the other's changes are committed. On a fast disk
/// that is as it should be: server and store work at the same time. On a slow one it needs two
/// syncs where one is enough; there a group that is smaller than the last one and what came
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

  private let nothing = StoreBatch()
  /// Operations that are likely to come.
  private var expected = 0
  /// Microseconds that the last commits took, on average: a disk that is allowed so many syncs a
  /// second makes some at once and has others wait, and each one saved shortens that.
  private var commitTime: Int64 = 0
  /// How many commits that looks back on.
  private static let commitsRemembered: Int64 = 16

  /// Makes a batch durable, and those that come meanwhile.
  ///
  /// - Returns: how many there were.
  mutating func write(
    _ first: StoreBatch, _ driver: any StoreDriver, _ inbox: StoreInbox
  ) throws(StoreError) -> Int {
    var batch = first
    var last = nothing
    var count = 1
    var operations = 0
    var bytes = 0
    let isSlow = commitTime >= CommitGroup.slowCommit
    let end = ThreadCondition.microseconds + max(CommitGroup.longestWriting, commitTime)
    var patience = isSlow ? min(commitTime, CommitGroup.longestWait) : 0
    while true {
      operations += batch.count
      bytes += batch.byteCount
      guard try driver.stage(batch) else {
        last = batch
        break
      }
      let begun = ThreadCondition.microseconds
      let isFull = operations >= CommitGroup.mostOperations || bytes >= CommitGroup.mostBytes
      if isFull || begun >= end { break }
      guard let next = inbox.nextBatch(within: operations < expected ? patience : 0) else { break }
      patience -= ThreadCondition.microseconds - begun
      batch = next
      count += 1
    }
    let begun = ThreadCondition.microseconds
    try driver.apply(last)
    let took = ThreadCondition.microseconds - begun
    commitTime += (took - commitTime) / CommitGroup.commitsRemembered
    expected = operations + inbox.waitingOperations
    return count
  }
}
