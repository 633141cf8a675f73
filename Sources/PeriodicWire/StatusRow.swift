public import PeriodicCore

/// What STATUS tells of one function (PROTOCOL 2.7). The bytes are borrowed.
public struct StatusRow {
  public var function: Bytes
  /// Connections that registered the function.
  public var workers: Int
  /// All its jobs: waiting, running and locked.
  public var jobs: Int
  public var running: Int
  public var locked: Int
  /// The smallest due time of its waiting jobs, seconds since 1970; the present time if none waits.
  public var scheduledAt: Int64

  public init(
    function: Bytes, workers: Int, jobs: Int, running: Int, locked: Int, scheduledAt: Int64
  ) {
    self.function = function
    self.workers = workers
    self.jobs = jobs
    self.running = running
    self.locked = locked
    self.scheduledAt = scheduledAt
  }
}
