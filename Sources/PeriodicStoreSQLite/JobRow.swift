import PeriodicCore
import PeriodicStore

/// A row of the table of jobs, taken as input: every value is checked against what the engine may
/// be given, and a bad one throws a text that names the row.
///
/// Columns are in the order: id, func, name, due_ms, then the length of the workload or
/// scheduled_at, timeout, count, origin, and for a whole job previous_run_at and workload.
struct JobRow {
  private let row: Statement
  private let path: String

  init(_ row: Statement, of path: String) {
    self.row = row
    self.path = path
  }

  func entry(_ id: Int64) throws(StoreError) -> StoredEntry {
    guard let length = UInt32(exactly: row.number(4)) else {
      throw damaged("job \(id): workload of \(row.number(4)) bytes")
    }
    _ = try details(id)
    return StoredEntry(
      id: try number(id), key: try key(id), due: row.number(3), workloadLength: Int(length))
  }

  func job(_ id: Int64) throws(StoreError) -> StoredJob {
    let details = try details(id)
    let fields = JobFields(
      key: try key(id), workload: row.bytes(9), scheduledAt: row.number(4),
      timeout: details.timeout, count: details.count, origin: details.origin)
    return StoredJob(
      id: try number(id), job: fields, due: row.number(3), previousRunAt: row.number(8))
  }

  private func details(
    _ id: Int64
  ) throws(StoreError) -> (timeout: Int32, count: Int32, origin: JobOrigin) {
    guard let timeout = Int32(exactly: row.number(5)) else {
      throw damaged("job \(id): timeout \(row.number(5))")
    }
    guard let count = Int32(exactly: row.number(6)) else {
      throw damaged("job \(id): count \(row.number(6))")
    }
    guard let origin = UInt8(exactly: row.number(7)).flatMap(JobOrigin.init) else {
      throw damaged("job \(id): origin \(row.number(7))")
    }
    return (timeout, count, origin)
  }

  private func number(_ id: Int64) throws(StoreError) -> JobID {
    try require(0..<JobRow.lastNumber ~= id, "jobs: id \(id)")
    return JobID(UInt64(id))
  }

  private func key(_ id: Int64) throws(StoreError) -> JobKey {
    let key = JobKey(function: row.bytes(1), name: row.bytes(2))
    try require(JobRow.isName(key.function), "job \(id): func of \(key.function.count) bytes")
    try require(JobRow.isName(key.name), "job \(id): name of \(key.name.count) bytes")
    return key
  }

  static func isName(_ bytes: Bytes) -> Bool {
    1...Limits.nameBytes ~= bytes.count
  }

  /// Numbers stay below this one, so that every peer can hold them.
  static let lastNumber: Int64 = 1 << 53

  private func require(
    _ holds: Bool, _ what: @autoclosure () -> String
  ) throws(StoreError) {
    if !holds { throw damaged(what()) }
  }

  private func damaged(_ what: String) -> StoreError {
    StoreError(damaged: path, "damaged: \(what)")
  }
}
