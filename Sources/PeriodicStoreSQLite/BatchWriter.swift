import PeriodicCore
import PeriodicStore

/// Writes the operations of one batch with few statements: new jobs by several rows at a time, and
/// deletions by runs of numbers that lie side by side.
///
/// Jobs come and go in the order of their numbers, most of them, so both save most of the cost of a
/// statement. What is put off commutes with what is written before it: a deletion with other jobs'
/// rows, and a new job's row with everything but its own number.
struct BatchWriter {
  private let database: JobDatabase
  /// Jobs with a number above all before, which borrow the batch's bytes; in ascending order.
  private var new: [StoredJob] = []
  private var gone: [Int64] = []
  private var greatestGone: Int64 = -1

  init(_ database: JobDatabase) {
    self.database = database
    new.reserveCapacity(JobDatabase.mostRowsAtOnce)
  }

  mutating func add(_ operation: StoreOperation) throws(StoreError) {
    switch operation {
    case .put(let job) where job.id.number > database.highest:
      if Int64(job.id.number) <= greatestGone { try deleteGone() }
      database.highest = job.id.number
      new.append(job)
      if new.count == JobDatabase.mostRowsAtOnce { try writeNew() }
    case .delete(let id):
      if let first = new.first, id.number >= first.id.number { try writeNew() }
      gone.append(Int64(id.number))
      greatestGone = max(greatestGone, Int64(id.number))
    default:
      try flush()
      try database.write(operation)
    }
  }

  mutating func flush() throws(StoreError) {
    try writeNew()
    try deleteGone()
  }

  private mutating func writeNew() throws(StoreError) {
    try database.write(rows: new)
    new.removeAll(keepingCapacity: true)
  }

  private mutating func deleteGone() throws(StoreError) {
    if gone.isEmpty { return }
    gone.sort()
    var first = gone[0]
    var last = first
    for id in gone.dropFirst() {
      if id > last + 1 {
        try database.delete(from: first, through: last)
        first = id
      }
      last = id
    }
    try database.delete(from: first, through: last)
    gone.removeAll(keepingCapacity: true)
    greatestGone = -1
  }
}
