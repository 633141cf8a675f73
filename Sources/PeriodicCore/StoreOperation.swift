/// One change that the store shall keep. The bytes are borrowed.
///
/// Operations are idempotent, so that a batch whose fate is unknown can be applied again.
public enum StoreOperation {
  /// A job that is new, or replaces the row of the same id.
  case put(StoredJob)
  /// A job goes back to wait: what a failed or postponed run changes.
  case reschedule(JobID, scheduledAt: Int64, due: Int64, count: Int32, previousRunAt: Int64)
  case delete(JobID)
  case addFunction(Bytes)
  /// Every job of the function with at most this id is gone, though its row may still stand.
  case dropFunction(Bytes, upTo: JobID)
  /// The rows of that drop have all been deleted.
  case dropFinished(Bytes, upTo: JobID)
  /// Numbers below this may be used from now on (ids and fencing numbers).
  case reserve(upTo: UInt64)
  case setSetting(key: Bytes, value: UInt32)
  /// Something happened, at this many seconds since 1970. For people: a store need not keep it, and
  /// never hands it back.
  case addMetric(EngineEvent, at: Int64)
}

/// A job as the store keeps it. The bytes are borrowed.
public struct StoredJob {
  public var id: JobID
  public var job: JobFields
  /// The order key: when the job is due, milliseconds since 1970.
  public var due: Int64
  /// When its last run was handed out, seconds since 1970; 0 if there was none.
  public var previousRunAt: Int64

  @inlinable
  public init(id: JobID, job: JobFields, due: Int64, previousRunAt: Int64) {
    self.id = id
    self.job = job
    self.due = due
    self.previousRunAt = previousRunAt
  }
}

/// What a store hands back when it is opened, one item after the other. The bytes are borrowed.
///
/// Jobs come in the order of their ids. A job whose function was dropped with at least its id is
/// not handed back.
public enum StoredItem {
  case function(Bytes)
  case setting(key: Bytes, value: UInt32)
  case reserved(upTo: UInt64)
  case job(StoredEntry)
}

/// What is known of a job before it is read: its name and its turn. The bytes are borrowed.
public struct StoredEntry {
  public var id: JobID
  public var key: JobKey
  /// The order key: when the job is due, milliseconds since 1970.
  public var due: Int64
  /// Bytes of its workload.
  public var workloadLength: Int

  @inlinable
  public init(id: JobID, key: JobKey, due: Int64, workloadLength: Int) {
    self.id = id
    self.key = key
    self.due = due
    self.workloadLength = workloadLength
  }
}
