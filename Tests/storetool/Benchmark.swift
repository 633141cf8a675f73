import Glibc
import PeriodicCore
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance

/// Measures a SQLite store with jobs of 100 bytes.
struct Benchmark {
  private let path: String

  init(directory: String) { path = directory + "/storetool-bench.db" }

  func run() throws(StoreError) {
    for size in [1, 8, 64, 512] { try measureInserts(size, seconds: 2) }
    for size in [64, 512] { try measureLives(size, seconds: 2) }
    try measureLoad(1_000_000)
    remove()
  }

  /// Inserts, batch after batch.
  private func measureInserts(_ size: Int, seconds: Int64) throws(StoreError) {
    let store = try fresh()
    var next: UInt64 = 1
    let rate = try rate(size, seconds) { (batch) throws(StoreError) in
      batch.removeAll()
      for _ in 0..<size {
        put(next, batch)
        next += 1
      }
      try store.apply(batch)
    }
    store.close()
    print("inserts, batch \(size): \(rate)/s")
  }

  /// Whole lives: a third of each batch is new, a third put back, a third deleted.
  private func measureLives(_ size: Int, seconds: Int64) throws(StoreError) {
    let store = try fresh()
    var next: UInt64 = 1
    let lives = UInt64(size / 3)
    let rate = try rate(Int(lives), seconds) { (batch) throws(StoreError) in
      batch.removeAll()
      for id in next..<next + lives {
        put(id, batch)
        if id > lives {
          batch.reschedule(id - lives, scheduledAt: 2, due: 2, count: 1, previousRunAt: 1)
        }
        if id > 2 * lives { batch.delete(id - 2 * lives) }
      }
      next += lives
      try store.apply(batch)
    }
    store.close()
    print("lives of three writes, batch \(size): \(rate)/s")
  }

  private func measureLoad(_ count: UInt64) throws(StoreError) {
    var store = try fresh()
    let batch = StoreBatch()
    for id in 1...count {
      put(id, batch)
      if batch.count == 4096 || id == count {
        try store.apply(batch)
        batch.removeAll()
      }
    }
    store.close()
    let start = nanoseconds()
    store = SQLiteStore(path: path)
    try store.open()
    var seen: UInt64 = 0
    try store.load { if case .job = $0 { seen += 1 } }
    print("load of \(seen) jobs: \((nanoseconds() - start) / 1_000_000) ms")
    store.close()
  }

  private func rate(
    _ perBatch: Int, _ seconds: Int64, _ body: (StoreBatch) throws(StoreError) -> Void
  ) throws(StoreError) -> Int64 {
    let batch = StoreBatch()
    let start = nanoseconds()
    var done: Int64 = 0
    while nanoseconds() - start < seconds * 1_000_000_000 {
      try body(batch)
      done += Int64(perBatch)
    }
    return done * 1_000_000_000 / (nanoseconds() - start)
  }

  private func put(_ id: UInt64, _ batch: StoreBatch) {
    withBytes(of: "resize") { function in
      withUnsafeBytes(of: id.byteSwapped) { name in
        withUnsafeTemporaryAllocation(byteCount: 100, alignment: 1) { workload in
          workload.initializeMemory(as: UInt8.self, repeating: 0x77)
          let job = JobFields(
            key: JobKey(function: function, name: name), workload: Bytes(workload),
            scheduledAt: 1_700_000_000)
          batch.append(
            .put(StoredJob(id: JobID(id), job: job, due: 1_700_000_000_000, previousRunAt: 0)))
        }
      }
    }
  }

  private func fresh() throws(StoreError) -> SQLiteStore {
    remove()
    let store = SQLiteStore(path: path)
    try store.open()
    return store
  }

  private func remove() {
    for suffix in ["", "-wal", "-journal"] { unlink(path + suffix) }
  }
}
