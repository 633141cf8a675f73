public import PeriodicCore

/// A store that keeps everything in this object: for tests, and to compare other stores with.
///
/// What was applied outlives `close`, so that opening the same object again is a restart.
public final class MemoryStore: StoreDriver {
  private struct Row {
    var function: [UInt8]
    var name: [UInt8]
    var workload: [UInt8]
    var due: Int64
    var scheduledAt: Int64
    var timeout: Int32
    var count: Int32
    var origin: JobOrigin
    var previousRunAt: Int64
  }

  private struct Drop: Equatable {
    var function: [UInt8]
    var last: UInt64
  }

  private var rows: [UInt64: Row] = [:]
  private var functions: Set<[UInt8]> = []
  private var settings: [[UInt8]: UInt32] = [:]
  private var drops: [Drop] = []
  private var reserved: UInt64?
  private var isOpen = false
  private var staged: [StoreBatch] = []

  public init() {}

  public func open() throws(StoreError) {
    if isOpen { throw StoreError(.busy, "the memory store is open already") }
    isOpen = true
    // Drops that were not finished are finished here: nobody else knows of them any more.
    rows = rows.filter { id, row in
      !drops.contains { id <= $0.last && $0.function == row.function }
    }
    drops = []
  }

  public func load(_ visit: (StoredItem) -> Void) throws(StoreError) {
    try requireOpen()
    for name in functions.sorted(by: MemoryStore.precedes) {
      name.withUnsafeBytes { visit(.function($0)) }
    }
    for (key, value) in settings.sorted(by: { MemoryStore.precedes($0.key, $1.key) }) {
      key.withUnsafeBytes { visit(.setting(key: $0, value: value)) }
    }
    if let reserved { visit(.reserved(upTo: reserved)) }
    for (id, row) in rows.sorted(by: { $0.key < $1.key }) {
      MemoryStore.lend(id, row) { stored in
        visit(
          .job(
            StoredEntry(
              id: stored.id, key: stored.job.key, due: stored.due,
              workloadLength: stored.job.workload.count)))
      }
    }
  }

  public func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {
    try requireOpen()
    for id in ids {
      if let row = rows[id.number] { MemoryStore.lend(id.number, row, visit) }
    }
  }

  public func apply(_ batch: StoreBatch) throws(StoreError) {
    try requireOpen()
    for batch in staged { batch.forEach { apply($0) } }
    staged = []
    batch.forEach { apply($0) }
  }

  public func stage(_ batch: StoreBatch) throws(StoreError) -> Bool {
    try requireOpen()
    staged.append(batch)
    return true
  }

  public func close() {
    isOpen = false
    staged = []
  }

  private func apply(_ operation: StoreOperation) {
    switch operation {
    case .put(let stored): rows[stored.id.number] = MemoryStore.row(stored)
    case .reschedule(let id, let scheduledAt, let due, let count, let previousRunAt):
      guard var row = rows[id.number] else { return }
      row.scheduledAt = scheduledAt
      row.due = due
      row.count = count
      row.previousRunAt = previousRunAt
      rows[id.number] = row
    case .delete(let id): rows[id.number] = nil
    case .addFunction(let name): functions.insert([UInt8](name))
    case .dropFunction(let name, let last):
      functions.remove([UInt8](name))
      drops.append(Drop(function: [UInt8](name), last: last.number))
    case .dropFinished(let name, let last):
      let finished = Drop(function: [UInt8](name), last: last.number)
      drops.removeAll { $0 == finished }
    case .reserve(let limit): reserved = max(reserved ?? 0, limit)
    case .setSetting(let key, let value): settings[[UInt8](key)] = value
    case .addMetric: break
    }
  }

  private static func row(_ stored: StoredJob) -> Row {
    Row(
      function: [UInt8](stored.job.key.function), name: [UInt8](stored.job.key.name),
      workload: [UInt8](stored.job.workload), due: stored.due,
      scheduledAt: stored.job.scheduledAt, timeout: stored.job.timeout, count: stored.job.count,
      origin: stored.job.origin, previousRunAt: stored.previousRunAt)
  }

  private static func lend(_ id: UInt64, _ row: Row, _ visit: (StoredJob) -> Void) {
    row.function.withUnsafeBytes { function in
      row.name.withUnsafeBytes { name in
        row.workload.withUnsafeBytes { workload in
          let fields = JobFields(
            key: JobKey(function: function, name: name), workload: workload,
            scheduledAt: row.scheduledAt, timeout: row.timeout, count: row.count,
            origin: row.origin)
          let stored = StoredJob(
            id: JobID(id), job: fields, due: row.due, previousRunAt: row.previousRunAt)
          visit(stored)
        }
      }
    }
  }

  private static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.withUnsafeBytes { left in right.withUnsafeBytes { left.precedes($0) } }
  }

  private func requireOpen() throws(StoreError) {
    if !isOpen { throw StoreError(.failed, "the memory store is not open") }
  }
}
