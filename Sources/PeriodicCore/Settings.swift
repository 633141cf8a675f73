/// What can be changed while the server runs, under the names of PROTOCOL 2.9.
public struct Settings: Equatable, Sendable {
  /// Seconds that a run may take when its job gives no limit; 0 is no limit.
  public var timeout: UInt32 = 600
  /// Seconds that a job may hold a lock; 0 is no limit.
  public var lockTimeout: UInt32 = 300
  /// Seconds to wait for a worker's word that it took a job.
  public var assignWait: UInt32 = 2
  /// Seconds without a byte after which a generation 2 connection is closed; 0 is never.
  public var keepalive: UInt32 = 120
  /// Kept for the tools that read and set it; this server fetches no batches.
  public var maximumBatchSize: UInt32 = 500
  /// Kept for the tools that read and set it; requests of one connection are handled in order.
  public var maximumPoolSize: UInt32 = 2
  /// Kept for the tools that read and set it: while a grab is outstanding no job of its function
  /// waits, so that RUN_JOB has no queue to skip.
  public var runJobAggressive: UInt32 = 0

  public init() {}
}

extension Settings {
  /// The value of what `key` names; `nil` for an unknown key.
  public func value(of key: Bytes) -> UInt32? {
    Settings.path(of: key).map { self[keyPath: $0] }
  }

  /// Sets what `key` names, held within its bounds (PROTOCOL 2.9).
  ///
  /// - Returns: the value as set; `nil` for an unknown key, which is ignored.
  @discardableResult
  public mutating func set(_ key: Bytes, to value: UInt32) -> UInt32? {
    guard let path = Settings.path(of: key) else { return nil }
    let least: UInt32 =
      switch path {
      case \.assignWait, \.maximumPoolSize: 1
      case \.maximumBatchSize: 4
      default: 0
      }
    self[keyPath: path] = max(least, value)
    return self[keyPath: path]
  }

  private static func path(of key: Bytes) -> WritableKeyPath<Settings, UInt32>? {
    switch key.text {
    case "timeout": \.timeout
    case "lock-timeout": \.lockTimeout
    case "assign-wait": \.assignWait
    case "keepalive": \.keepalive
    case "max-batch-size": \.maximumBatchSize
    case "max-pool-size": \.maximumPoolSize
    case "run-job-aggressive": \.runJobAggressive
    default: nil
    }
  }
}
