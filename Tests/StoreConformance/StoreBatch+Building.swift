public import PeriodicCore
public import PeriodicStore

/// Filling a batch from values, for tests.
extension StoreBatch {
  public convenience init(_ fill: (StoreBatch) -> Void) {
    self.init()
    fill(self)
  }

  public func put(_ row: StoreContent.Row) {
    row.function.withUnsafeBytes { function in
      row.name.withUnsafeBytes { name in
        row.workload.withUnsafeBytes { workload in
          let fields = JobFields(
            key: JobKey(function: function, name: name), workload: workload,
            scheduledAt: row.scheduledAt, timeout: row.timeout, count: row.count,
            origin: row.origin)
          append(
            .put(
              StoredJob(
                id: JobID(row.id), job: fields, due: row.due, previousRunAt: row.previousRunAt)))
        }
      }
    }
  }

  public func reschedule(
    _ id: UInt64, scheduledAt: Int64, due: Int64, count: Int32, previousRunAt: Int64
  ) {
    append(
      .reschedule(
        JobID(id), scheduledAt: scheduledAt, due: due, count: count,
        previousRunAt: previousRunAt))
  }

  public func delete(_ id: UInt64) { append(.delete(JobID(id))) }
  public func reserve(_ limit: UInt64) { append(.reserve(upTo: limit)) }

  public func addFunction(_ name: String) {
    withBytes(of: name) { append(.addFunction($0)) }
  }

  public func dropFunction(_ name: String, upTo last: UInt64) {
    withBytes(of: name) { append(.dropFunction($0, upTo: JobID(last))) }
  }

  public func dropFinished(_ name: String, upTo last: UInt64) {
    withBytes(of: name) { append(.dropFinished($0, upTo: JobID(last))) }
  }

  public func addMetric(
    _ kind: EngineEvent.Kind, _ name: String, milliseconds: Int64, at time: Int64
  ) {
    withBytes(of: name) {
      append(.addMetric(EngineEvent(kind, $0, milliseconds: milliseconds), at: time))
    }
  }

  public func set(_ key: String, _ value: UInt32) {
    withBytes(of: key) { append(.setSetting(key: $0, value: value)) }
  }
}
