import PeriodicCore
import PeriodicStore

/// Handing back what was put in.
///
/// The file is input: every value is checked against what the engine may be given, and the first
/// bad one ends the load with a text that names its row.
extension JobDatabase {
  func load(_ visit: (StoredItem) -> Void) throws(StoreError) {
    try loadFunctions(visit)
    try loadSettings(visit)
    try loadReserved(visit)
    try loadJobs(visit)
  }

  /// A long workload is put together from its pages once, and lent; it goes with the next row.
  func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {
    for id in ids {
      let number = Int64(id.number)
      row.bind(1, number)
      try row.forEachRow { () throws(StoreError) in
        if !leftovers.hides(number, of: row.bytes(1)) { visit(try job(number, row)) }
      }
    }
  }

  private func loadFunctions(_ visit: (StoredItem) -> Void) throws(StoreError) {
    let select = try Statement(
      "SELECT name FROM functions ORDER BY name", on: connection, "read the functions")
    try select.forEachRow { () throws(StoreError) in
      let name = select.bytes(0)
      try require(JobDatabase.isName(name), "functions: a name of \(name.count) bytes")
      visit(.function(name))
    }
  }

  private func loadSettings(_ visit: (StoredItem) -> Void) throws(StoreError) {
    let select = try Statement(
      "SELECT key, value FROM settings ORDER BY key", on: connection, "read the settings")
    try select.forEachRow { () throws(StoreError) in
      let key = select.bytes(0)
      guard let value = UInt32(exactly: select.number(1)) else {
        throw damaged("settings: \(key.text) is \(select.number(1))")
      }
      visit(.setting(key: key, value: value))
    }
  }

  private func loadReserved(_ visit: (StoredItem) -> Void) throws(StoreError) {
    let select = try Statement("SELECT up_to FROM reserved", on: connection, "read the numbers")
    try select.forEachRow { () throws(StoreError) in
      let limit = select.number(0)
      try require(0...JobDatabase.lastNumber ~= limit, "reserved: up to \(limit)")
      visit(.reserved(upTo: UInt64(limit)))
    }
  }

  private func loadJobs(_ visit: (StoredItem) -> Void) throws(StoreError) {
    let select = try Statement(
      """
      SELECT id, func, name, due_ms, length(workload), timeout, count, origin
      FROM jobs ORDER BY id
      """, on: connection, "read the jobs")
    var firstHidden: Int64 = 0
    var lastHidden: Int64 = -1
    try select.forEachRow { () throws(StoreError) in
      let id = select.number(0)
      if leftovers.hides(id, of: select.bytes(1)) {
        if lastHidden < 0 { firstHidden = id }
        lastHidden = id
      } else {
        visit(.job(try entry(id, select)))
      }
    }
    leftovers.narrow(from: firstHidden, through: lastHidden)
  }

  private func entry(_ id: Int64, _ row: Statement) throws(StoreError) -> StoredEntry {
    guard let length = UInt32(exactly: row.number(4)) else {
      throw damaged("job \(id): workload of \(row.number(4)) bytes")
    }
    _ = try details(id, row)
    return StoredEntry(
      id: try number(id), key: try key(id, row), due: row.number(3), workloadLength: Int(length))
  }

  private func job(_ id: Int64, _ row: Statement) throws(StoreError) -> StoredJob {
    let details = try details(id, row)
    let fields = JobFields(
      key: try key(id, row), workload: row.bytes(9), scheduledAt: row.number(4),
      timeout: details.timeout, count: details.count, origin: details.origin)
    return StoredJob(
      id: try number(id), job: fields, due: row.number(3), previousRunAt: row.number(8))
  }

  private func details(
    _ id: Int64, _ row: Statement
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
    try require(0..<JobDatabase.lastNumber ~= id, "jobs: id \(id)")
    return JobID(UInt64(id))
  }

  private func key(_ id: Int64, _ row: Statement) throws(StoreError) -> JobKey {
    let key = JobKey(function: row.bytes(1), name: row.bytes(2))
    try require(JobDatabase.isName(key.function), "job \(id): func of \(key.function.count) bytes")
    try require(JobDatabase.isName(key.name), "job \(id): name of \(key.name.count) bytes")
    return key
  }

  private static func isName(_ bytes: Bytes) -> Bool {
    1...Limits.nameBytes ~= bytes.count
  }

  /// Numbers stay below this one, so that every peer can hold them.
  private static let lastNumber: Int64 = 1 << 53

  private func require(
    _ holds: Bool, _ what: @autoclosure () -> String
  ) throws(StoreError) {
    if !holds { throw damaged(what()) }
  }

  private func damaged(_ what: String) -> StoreError {
    StoreError(damaged: connection.path, "damaged: \(what)")
  }
}
