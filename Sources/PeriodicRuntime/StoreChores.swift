import PeriodicLoop
import PeriodicStore

/// When a store does what can wait: while nothing is asked of it, and now and then between batches,
/// so that it comes to an end under load too.
struct StoreChores {
  /// Batches between two slices under load.
  private static let batchesBetween = 16
  /// Milliseconds without a request after which the store counts as idle.
  private static let idleDelay: Int64 = 10

  private var batches = 0
  /// In `ThreadCondition.now`: when a slice is due if no request comes; nil if there is nothing.
  private(set) var deadline: Int64?

  /// A batch was applied.
  mutating func applied() {
    batches += 1
    deadline = ThreadCondition.now + (batches >= StoreChores.batchesBetween ? 0 : Self.idleDelay)
  }

  /// Does a slice if one is due.
  ///
  /// What stands in its way is met, and reported, by a later batch, which also brings it back.
  mutating func runIfDue(_ driver: any StoreDriver) {
    guard let time = deadline, ThreadCondition.now >= time else { return }
    batches = 0
    let hasMore = (try? driver.maintain()) ?? false
    // A request that has come meanwhile goes first.
    deadline = hasMore ? ThreadCondition.now + 1 : nil
  }
}
