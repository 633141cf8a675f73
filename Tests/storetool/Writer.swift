import Glibc
import PeriodicCore
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance

/// Applies one batch after the other, and tells of each when it is durable.
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
      try store.apply(batch)
      // Of a store that syncs late, only what it has synced is promised.
      if store.syncInterval == nil {
        say("\(number) \(nanoseconds())")
      } else if number % 5 == 0 {
        try store.sync()
        say("\(number) \(nanoseconds())")
      }
      _ = try store.maintain()
    }
    store.close()
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
