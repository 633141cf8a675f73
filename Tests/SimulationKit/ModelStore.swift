import PeriodicCore
import PeriodicStore

/// A store as a table of rows: applies batches, can be crashed, and reports what is durable.
struct ModelStore {
  struct Row: Equatable {
    var key: KeyName
    var workload: String
    var due: Int64
    var count: Int32
    var timeout: Int32
    var scheduledAt: Int64
    var origin: UInt8
    var previousRunAt: Int64
  }

  private(set) var rows: [UInt64: Row] = [:]
  private(set) var functions: Set<String> = []
  private(set) var drops: [(function: String, upTo: UInt64)] = []
  private(set) var reserved: UInt64 = 0
  private(set) var settings: [String: Int] = [:]

  mutating func apply(_ batch: StoreBatch) {
    batch.forEach { operation in
      switch operation {
      case .put(let stored): put(stored)
      case .reschedule(let id, let scheduledAt, let due, let count, let previousRunAt):
        rows[id.number]?.scheduledAt = scheduledAt
        rows[id.number]?.due = due
        rows[id.number]?.count = count
        rows[id.number]?.previousRunAt = previousRunAt
      case .delete(let id): rows[id.number] = nil
      case .addFunction(let name): functions.insert(name.text)
      case .dropFunction(let name, let last):
        functions.remove(name.text)
        drops.append((name.text, last.number))
      case .dropFinished(let name, let last):
        drops.removeAll { $0 == (name.text, last.number) }
        invariant(
          !loadable.contains { $0.row.key.function == name.text && $0.id <= last.number },
          "a finished drop leaves no row that no other drop covers")
      case .reserve(let limit):
        invariant(limit > reserved, "numbers only grow")
        reserved = limit
      case .setSetting(let key, let value): settings[key.text] = Int(value)
      case .addMetric: break
      }
    }
  }

  private mutating func put(_ stored: StoredJob) {
    rows[stored.id.number] = Row(
      key: KeyName(function: stored.job.key.function.text, name: stored.job.key.name.text),
      workload: stored.job.workload.text, due: stored.due, count: stored.job.count,
      timeout: stored.job.timeout, scheduledAt: stored.job.scheduledAt,
      origin: stored.job.origin.rawValue, previousRunAt: stored.previousRunAt)
  }

  /// The rows that a load hands back, in the order of their ids.
  var loadable: [(id: UInt64, row: Row)] {
    rows.sorted { $0.key < $1.key }
      .filter { id, row in
        !drops.contains { $0.function == row.key.function && id <= $0.upTo }
      }
      .map { ($0.key, $0.value) }
  }

  /// What is kept of everything that a history follows: jobs, and settings under names of theirs.
  var outcomes: [KeyName: String] {
    var outcomes = Dictionary(
      uniqueKeysWithValues: loadable.map { ($0.row.key, $0.row.workload) })
    for (key, value) in settings { outcomes[ModelStore.settingKey(key)] = String(value) }
    return outcomes
  }

  static func settingKey(_ key: String) -> KeyName { KeyName(function: "", name: key) }

  /// Rows of dropped functions go when the store is opened again.
  mutating func reopen() {
    let kept = Set(loadable.map { $0.id })
    rows = rows.filter { kept.contains($0.key) }
    drops = []
  }

  func load(_ visit: (StoredItem) -> Void) {
    for function in functions.sorted() { withBytes(of: function) { visit(.function($0)) } }
    for (key, value) in settings.sorted(by: { $0.key < $1.key }) {
      withBytes(of: key) { visit(.setting(key: $0, value: UInt32(value))) }
    }
    visit(.reserved(upTo: reserved))
    for (id, row) in loadable {
      lend(id, row) { stored in
        visit(
          .job(
            StoredEntry(
              id: stored.id, key: stored.job.key, due: stored.due,
              workloadLength: stored.job.workload.count)))
      }
    }
  }

  /// Shows a row; not at all if there is none.
  func read(_ id: JobID, _ visit: (StoredJob) -> Void) {
    if let row = rows[id.number] { lend(id.number, row, visit) }
  }

  private func lend(_ id: UInt64, _ row: Row, _ visit: (StoredJob) -> Void) {
    withBytes(of: row.key.function) { function in
      withBytes(of: row.key.name) { name in
        withBytes(of: row.workload) { workload in
          let fields = JobFields(
            key: JobKey(function: function, name: name), workload: workload,
            scheduledAt: row.scheduledAt, timeout: row.timeout, count: row.count,
            origin: JobOrigin(rawValue: row.origin) ?? .generation2)
          visit(
            StoredJob(
              id: JobID(id), job: fields, due: row.due, previousRunAt: row.previousRunAt))
        }
      }
    }
  }
}
