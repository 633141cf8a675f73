import PeriodicCore

/// A row of the table of jobs, as the bytes of its record say.
struct SalvagedJob {
  let id: Int64
  let record: Record

  /// Columns in the order of the table.
  private enum Column: Int {
    case id, function, name, due, scheduledAt, timeout, count, origin, previousRunAt, extra,
      workload
  }

  /// nil if the record is not one of a job, or has a value that no job can have.
  init?(_ id: Int64, _ bytes: [UInt8]) {
    guard let record = Record(bytes), record.values.count == 11, record.values[0] == .null,
      0..<JobRow.lastNumber ~= id
    else { return nil }
    self.id = id
    self.record = record
    for column in [Column.due, .scheduledAt, .previousRunAt] where number(column) == nil {
      return nil
    }
    guard let function = blob(.function), 1...Limits.nameBytes ~= function.count,
      let name = blob(.name), 1...Limits.nameBytes ~= name.count,
      let timeout = number(.timeout), Int32(exactly: timeout) != nil,
      let count = number(.count), Int32(exactly: count) != nil,
      let origin = number(.origin), UInt8(exactly: origin).flatMap(JobOrigin.init) != nil,
      blob(.extra) != nil || record.values[Column.extra.rawValue] == .null, blob(.workload) != nil
    else { return nil }
  }

  var function: ArraySlice<UInt8> { record.bytes[blob(.function) ?? 0..<0] }

  /// Binds its values in the order of the columns.
  func bind(to statement: Statement, _ bytes: Bytes) {
    statement.bind(1, id)
    for (column, value) in record.values.enumerated().dropFirst() {
      switch value {
      case .integer(let number): statement.bind(Int32(column) + 1, number)
      case .blob(let range), .text(let range):
        statement.bind(Int32(column) + 1, Bytes(rebasing: bytes[range]))
      case .null, .real: break
      }
    }
  }

  private func number(_ column: Column) -> Int64? { record.number(column.rawValue) }
  private func blob(_ column: Column) -> Range<Int>? { record.blob(column.rawValue) }
}
