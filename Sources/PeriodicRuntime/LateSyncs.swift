import PeriodicLoop
import PeriodicStore

/// When a store that syncs late has to: at most its interval after the first batch that waits.
struct LateSyncs {
  /// What a sync came to, where that is news.
  struct News {
    var failure: StoreError?
  }

  private let interval: Int64?
  /// In `ThreadCondition.now`; nil while nothing waits.
  private(set) var deadline: Int64?
  private var isFailing = false

  init(_ driver: any StoreDriver) { interval = driver.syncInterval.map(Int64.init) }

  /// A batch was applied.
  mutating func applied() {
    if let interval, deadline == nil { deadline = ThreadCondition.now + interval }
  }

  mutating func syncIfDue(_ driver: any StoreDriver) -> News? {
    guard let deadline, ThreadCondition.now >= deadline else { return nil }
    return sync(driver)
  }

  /// Syncs, and after a failure has it tried again an interval later.
  mutating func sync(_ driver: any StoreDriver) -> News? {
    guard let interval, deadline != nil else { return nil }
    deadline = nil
    let wasFailing = isFailing
    do throws(StoreError) {
      try driver.sync()
      isFailing = false
      return wasFailing ? News(failure: nil) : nil
    } catch {
      isFailing = true
      deadline = ThreadCondition.now + max(interval, 100)
      return wasFailing ? nil : News(failure: error)
    }
  }
}
