public import PeriodicCore

/// Names one run of a job by one worker; never used again by it.
public struct JobToken: Hashable, Sendable, BitwiseCopyable {
  /// Any number may be made a token; one that names no held job is refused where it is used.
  public let number: UInt64
  public init(_ number: UInt64) { self.number = number }
}

/// A job that this worker has been given and must report on, once.
///
/// It and its bytes belong to the worker, and stay as they are until the job is reported, also when
/// the connection is lost or the worker is closed meanwhile; freeing the worker ends them.
public struct ReceivedJob {
  public let token: JobToken
  let record: UnsafePointer<HeldJobs.Record>

  public var key: JobKey { record.pointee.key }
  public var workload: Bytes { record.pointee.workload }
  /// When it was to run, seconds since 1970.
  public var scheduledAt: Int64 { record.pointee.scheduledAt }
  /// Seconds that this run may take, as the server counts them; 0 is no limit known.
  public var timeout: Int32 { record.pointee.timeout }
  /// How often the job has been put back for later.
  public var count: Int32 { record.pointee.count }
  /// When the server gives the job to another worker, by this worker's monotonic clock in
  /// milliseconds, counted from the arrival; `.max` where no limit is known.
  public var leaseEnd: Int64 { record.pointee.leaseEnd }
}
