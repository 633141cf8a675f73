import PeriodicClient
import PeriodicCore

/// A job to be submitted: what `JobFields` describes, with bytes of its own.
public struct Job: Equatable, Sendable {
  /// What a worker must be able to do, 1 to 255 bytes.
  public var function: [UInt8]
  /// What tells the job from others of its function, 1 to 255 bytes.
  public var name: [UInt8]
  public var workload: [UInt8]
  /// When to run, seconds since 1970; a past time is at once.
  public var scheduledAt: Int64
  /// Seconds that a run may take; 0 leaves it to the server.
  public var timeout: Int32

  public init(
    _ function: String, _ name: String, workload: [UInt8] = [], scheduledAt: Int64 = 0,
    timeout: Int32 = 0
  ) {
    self.init(
      function: Array(function.utf8), name: Array(name.utf8), workload: workload,
      scheduledAt: scheduledAt, timeout: timeout)
  }

  public init(
    function: [UInt8], name: [UInt8], workload: [UInt8] = [], scheduledAt: Int64 = 0,
    timeout: Int32 = 0
  ) {
    self.function = function
    self.name = name
    self.workload = workload
    self.scheduledAt = scheduledAt
    self.timeout = timeout
  }

  /// Lends the job in the form that the layers below speak.
  func withFields<Result>(
    _ body: (JobFields) throws(RequestError) -> Result
  ) throws(RequestError) -> Result {
    try function.withUnsafeBufferPointer { (function) throws(RequestError) in
      try name.withUnsafeBufferPointer { (name) throws(RequestError) in
        try workload.withUnsafeBufferPointer { (workload) throws(RequestError) in
          let key = JobKey(function: Bytes(function), name: Bytes(name))
          return try body(
            JobFields(
              key: key, workload: Bytes(workload), scheduledAt: scheduledAt, timeout: timeout))
        }
      }
    }
  }
}
