import PeriodicCore
import PeriodicStore

/// Writing batches.
extension JobDatabase {
  /// Writes a batch into the open transaction, which begins with it if there is none. After an
  /// error there is none.
  func stage(_ batch: StoreBatch) throws(StoreError) {
    if !isStaging { try beginStaging() }
    do {
      var writer = BatchWriter(self)
      try batch.forEach { (operation) throws(StoreError) in try writer.add(operation) }
      try writer.flush()
    } catch {
      isStaging = false
      connection.rollBack()
      throw error
    }
  }

  private func beginStaging() throws(StoreError) {
    // What was answered for and could not be synced comes first: until it is on the disk nothing
    // more is taken.
    if hasFailedToSync { try sync() }
    checkpointIfDue()
    try checkLog()
    isDirty = true
    try connection.begin()
    isStaging = true
  }

  /// One operation by itself.
  func write(_ operation: StoreOperation) throws(StoreError) {
    switch operation {
    case .put(let stored):
      bind(stored, to: put, after: 0)
      try put.run()
    case .reschedule(let id, let scheduledAt, let due, let count, let previousRunAt):
      reschedule.bind(1, Int64(id.number))
      reschedule.bind(2, scheduledAt)
      reschedule.bind(3, due)
      reschedule.bind(4, Int64(count))
      reschedule.bind(5, previousRunAt)
      try reschedule.run()
    case .delete(let id):
      delete.bind(1, Int64(id.number))
      try delete.run()
    case .addFunction(let name):
      addFunction.bind(1, name)
      try addFunction.run()
    case .dropFunction(let name, let last): try drop(name, last)
    case .dropFinished(let name, let last):
      // Rows that this run of the server does not know of are this store's to delete.
      if !leftovers.has(name, upTo: last) { try finishDrop(name, last) }
    case .reserve(let limit):
      reserve.bind(1, Int64(limit))
      try reserve.run()
    case .setSetting(let key, let value):
      setSetting.bind(1, key)
      setSetting.bind(2, Int64(value))
      try setSetting.run()
    case .addMetric(let event, let time): try apply(event, at: time)
    }
  }

  /// Jobs, none of which has a row yet.
  func write(rows: [StoredJob]) throws(StoreError) {
    var rest = rows[...]
    while rest.count >= JobDatabase.rowsAtOnce {
      let isMany = rest.count >= JobDatabase.mostRowsAtOnce
      let some = rest.prefix(isMany ? JobDatabase.mostRowsAtOnce : JobDatabase.rowsAtOnce)
      if JobDatabase.agree(some) {
        try write(alike: some, isMany ? putManyAlike : putSomeAlike)
        rest = rest.dropFirst(some.count)
        continue
      }
      for (index, job) in some.prefix(JobDatabase.rowsAtOnce).enumerated() {
        bind(job, to: putSome, after: Int32(index) * JobDatabase.columns)
      }
      try putSome.run()
      rest = rest.dropFirst(JobDatabase.rowsAtOnce)
    }
    for job in rest { try write(.put(job)) }
  }

  /// Whether the jobs differ in nothing but number, name, times and workload, as new jobs of one
  /// function do.
  private static func agree(_ rows: ArraySlice<StoredJob>) -> Bool {
    guard let first = rows.first else { return false }
    return rows.allSatisfy { row in
      row.job.timeout == first.job.timeout && row.job.count == first.job.count
        && row.job.origin == first.job.origin && row.previousRunAt == first.previousRunAt
        && row.job.key.function.equals(first.job.key.function)
    }
  }

  private func write(
    alike rows: ArraySlice<StoredJob>, _ statement: Statement
  ) throws(StoreError) {
    guard let first = rows.first else { return }
    statement.bind(1, first.job.key.function)
    statement.bind(2, Int64(first.job.timeout))
    statement.bind(3, Int64(first.job.count))
    statement.bind(4, Int64(first.job.origin.rawValue))
    statement.bind(5, first.previousRunAt)
    var next = JobDatabase.sharedColumns
    for row in rows {
      statement.bind(next + 1, Int64(row.id.number))
      statement.bind(next + 2, row.job.key.name)
      statement.bind(next + 3, row.due)
      statement.bind(next + 4, row.job.scheduledAt)
      statement.bind(next + 5, row.job.workload)
      next += JobDatabase.ownColumns
    }
    try statement.run()
  }

  func delete(from first: Int64, through last: Int64) throws(StoreError) {
    let statement = first == last ? delete : deleteRun
    statement.bind(1, first)
    if first != last { statement.bind(2, last) }
    try statement.run()
  }

  private func bind(_ stored: StoredJob, to statement: Statement, after start: Int32) {
    statement.bind(start + 1, Int64(stored.id.number))
    statement.bind(start + 2, stored.job.key.function)
    statement.bind(start + 3, stored.job.key.name)
    statement.bind(start + 4, stored.due)
    statement.bind(start + 5, stored.job.scheduledAt)
    statement.bind(start + 6, Int64(stored.job.timeout))
    statement.bind(start + 7, Int64(stored.job.count))
    statement.bind(start + 8, Int64(stored.job.origin.rawValue))
    statement.bind(start + 9, stored.previousRunAt)
    statement.bind(start + 10, stored.job.workload)
  }

  private func apply(_ event: EngineEvent, at time: Int64) throws(StoreError) {
    guard let addMetric else { return }
    // The bindings borrow the bytes until the statement has run.
    let word = Array(event.kind.rawValue.utf8)
    let result = word.withUnsafeBytes { word -> Result<Void, StoreError> in
      addMetric.bind(1, word)
      addMetric.bind(2, event.name)
      addMetric.bind(3, event.milliseconds)
      addMetric.bind(4, time)
      do throws(StoreError) {
        return .success(try addMetric.run())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  private func drop(_ name: Bytes, _ last: JobID) throws(StoreError) {
    removeFunction.bind(1, name)
    try removeFunction.run()
    addDrop.bind(1, name)
    addDrop.bind(2, Int64(last.number))
    try addDrop.run()
    leftovers.dropped(name, upTo: last)
  }

  func finishDrop(_ name: Bytes, _ last: JobID) throws(StoreError) {
    removeDrop.bind(1, name)
    removeDrop.bind(2, Int64(last.number))
    try removeDrop.run()
  }
}
