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
  /// One of them: how it is called, the least it can be, and what it means.
  public struct Row: Sendable {
    public let key: String
    let path: any WritableKeyPath<Settings, UInt32> & Sendable
    public let least: UInt32
    public let meaning: String

    init(
      _ key: String, _ path: any WritableKeyPath<Settings, UInt32> & Sendable, least: UInt32 = 0,
      _ meaning: String
    ) {
      self.key = key
      self.path = path
      self.least = least
      self.meaning = meaning
    }

    public var standard: UInt32 { Settings()[keyPath: path] }
  }

  /// All of them, in the order of docs/CONFIGURATION.md.
  public static let table: [Row] = [
    Row(
      "timeout", \.timeout,
      "Seconds that a run may take if its job gives no limit; then it failed. 0 is no limit."
    ),
    Row(
      "lock-timeout", \.lockTimeout,
      "Seconds that a job may hold a lock before another gets it; 0 is no limit."),
    Row(
      "assign-wait", \.assignWait, least: 1,
      "Seconds that a worker has to say that it took a job, before another gets it."),
    Row(
      "keepalive", \.keepalive,
      "Seconds that a generation 2 connection may be silent before it is closed; 0 is never."),
    Row(
      "max-batch-size", \.maximumBatchSize, least: 4,
      "Kept for tools that set it; this server fetches no batches."),
    Row(
      "max-pool-size", \.maximumPoolSize, least: 1,
      "Kept for tools that set it; requests of a connection are handled in order."),
    Row(
      "run-job-aggressive", \.runJobAggressive,
      "Kept for tools that set it; a run has no queue that it could skip."),
  ]

  /// The value of what `key` names; `nil` for an unknown key.
  public func value(of key: Bytes) -> UInt32? {
    Settings.row(of: key).map { self[keyPath: $0.path] }
  }

  /// Sets what `key` names, held within its bounds (PROTOCOL 2.9).
  ///
  /// - Returns: the value as set; `nil` for an unknown key, which is ignored.
  @discardableResult
  public mutating func set(_ key: Bytes, to value: UInt32) -> UInt32? {
    guard let row = Settings.row(of: key) else { return nil }
    self[keyPath: row.path] = max(row.least, value)
    return self[keyPath: row.path]
  }

  private static func row(of key: Bytes) -> Row? {
    let text = key.text
    return table.first { $0.key == text }
  }
}
