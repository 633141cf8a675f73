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
        if !leftovers.hides(number, of: row.bytes(1)) {
          visit(try JobRow(row, of: connection.path).job(number))
        }
      }
    }
  }

  private func loadFunctions(_ visit: (StoredItem) -> Void) throws(StoreError) {
    let select = try Statement(
      "SELECT name FROM functions ORDER BY name", on: connection, "read the functions")
    try select.forEachRow { () throws(StoreError) in
      let name = select.bytes(0)
      try require(JobRow.isName(name), "functions: a name of \(name.count) bytes")
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
      try require(0...JobRow.lastNumber ~= limit, "reserved: up to \(limit)")
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
        visit(.job(try JobRow(select, of: connection.path).entry(id)))
      }
    }
    leftovers.narrow(from: firstHidden, through: lastHidden)
  }

  private func require(
    _ holds: Bool, _ what: @autoclosure () -> String
  ) throws(StoreError) {
    if !holds { throw damaged(what()) }
  }

  private func damaged(_ what: String) -> StoreError {
    StoreError(damaged: connection.path, "damaged: \(what)")
  }
}
