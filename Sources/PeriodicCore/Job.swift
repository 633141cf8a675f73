/// What names a job: there is at most one job for each pair.
public struct JobKey {
  public var function: Bytes
  public var name: Bytes

  @inlinable
  public init(function: Bytes, name: Bytes) {
    self.function = function
    self.name = name
  }

  /// No job's names.
  @inlinable public static var none: JobKey { JobKey(function: .none, name: .none) }
}

/// Which rules a submitter lives by: a job without a time limit of its own gets the server's from a
/// generation 2 submitter, and none from generation 1 (PROTOCOL 2.13).
public enum JobOrigin: UInt8, Sendable, BitwiseCopyable {
  case generation1 = 1
  case generation2 = 2
}

/// A job as a submitter describes it. The bytes are borrowed.
public struct JobFields {
  public var key: JobKey
  public var workload: Bytes
  /// When to run, seconds since 1970; a past time means at once.
  public var scheduledAt: Int64
  /// Seconds that a run may take; 0 is none given.
  public var timeout: Int32
  /// How often the job has been put back for later.
  public var count: Int32
  public var origin: JobOrigin
  /// What keeps the workload, where it is large and somebody can keep it; borrowed with the bytes.
  public var shared: Unmanaged<SharedBytes>?

  @inlinable
  public init(
    key: JobKey, workload: Bytes = .none, scheduledAt: Int64 = 0, timeout: Int32 = 0,
    count: Int32 = 0, origin: JobOrigin = .generation2
  ) {
    self.key = key
    self.workload = workload
    self.scheduledAt = scheduledAt
    self.timeout = timeout
    self.count = count
    self.origin = origin
  }

  /// No job: to be filled in.
  @inlinable public static var none: JobFields { JobFields(key: .none) }
}

/// A job on its way to a worker. The bytes are borrowed.
public struct Assignment {
  public var id: JobID
  /// The fields as submitted; `timeout` is what the worker shall hear, with the server's filled in.
  public var job: JobFields
  /// When the previous run was handed out, seconds since 1970; 0 if there was none.
  public var previousRunAt: Int64
  /// The number of this run. Numbers only grow, over restarts too: a store that remembers the
  /// largest it saw can refuse writes of an older run.
  public var fence: UInt64

  @inlinable
  public init(id: JobID, job: JobFields, previousRunAt: Int64, fence: UInt64) {
    self.id = id
    self.job = job
    self.previousRunAt = previousRunAt
    self.fence = fence
  }

  /// No job: to be filled in.
  @inlinable public static var none: Assignment {
    Assignment(id: JobID(0), job: .none, previousRunAt: 0, fence: 0)
  }
}
