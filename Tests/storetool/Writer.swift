import Glibc
import PeriodicCore
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance

/// Applies one batch after the other, and tells of each when it is durable. Where each is synced,
/// the next one is staged meanwhile.
///
/// Batch `n` puts job `n` and one with a larger workload now and then, and deletes job `n - 20`, so
/// that the file both grows and is reused.
struct Writer {
  private let store: SQLiteStore

  init(path: String, sync: StoreSync) {
    var options = SQLiteStore.Options()
    options.sync = sync
    // Moves the log into the file often: there are more kinds of moments to cut at.
    options.checkpointPages = 20
    // And compacts it often, for the same reason.
    options.slackBytes = 64 << 10
    store = SQLiteStore(path: path, options: options)
  }

  func write(_ batches: UInt64) throws(StoreError) {
    try store.open()
    try store.load { _ in }
    for number in 1...max(1, batches) {
      let batch = StoreBatch { fill($0, number) }
      batch.liveBytes = 20 * 100
      if store.syncInterval == nil {
        try commit(batch, number, isAlone: number % 4 == 0 || number == batches)
      } else {
        try store.apply(batch)
        // Of a store that syncs late, only what it has synced is promised.
        if number % 5 == 0 {
          try store.sync()
          say("\(number) \(nanoseconds())")
        }
      }
      // While a commit goes on nothing else is asked of the store.
      if number % 4 == 0 || store.syncInterval != nil { _ = try store.maintain() }
    }
    store.close()
  }

  /// - Parameter isAlone: whether to wait for it, before the next one is staged.
  private func commit(
    _ batch: StoreBatch, _ number: UInt64, isAlone: Bool
  ) throws(StoreError) {
    _ = try store.stage(batch)
    if number > 1, (number - 1) % 4 != 0 { try end(number - 1) }
    _ = try store.commit(StoreBatch(), signal: -1)
    if isAlone { try end(number) }
  }

  private func end(_ number: UInt64) throws(StoreError) {
    try store.endCommit()
    say("\(number) \(nanoseconds())")
  }

  private func fill(_ batch: StoreBatch, _ number: UInt64) {
    let size = number % 7 == 0 ? 9000 : 100
    batch.put(
      StoreContent.Row(number, workload: String(repeating: "w", count: size), due: Int64(number)))
    if number > 20 { batch.delete(number - 20) }
    if number % 16 == 1 { batch.reserve(number + 16) }
  }
}

/// The monotonic clock.
func nanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
