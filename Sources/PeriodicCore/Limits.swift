/// Every bound of a server, by name; docs/limits.md tells what happens at each edge.
public struct Limits: Equatable, Sendable {
  /// Bytes of one frame's body or payload; a longer one closes the connection unread.
  public var frameBytes = 64 << 20
  /// Jobs kept, waiting and running.
  public var jobs = 100_000_000
  /// Bytes of their names and workloads.
  public var bytes = Int.max
  /// The same for each function.
  public var functionJobs = Int.max
  public var functionBytes = Int.max
  /// Bytes of workloads kept in memory with a durable store; what is beyond waits in the store.
  public var cacheBytes = 256 << 20
  /// A workload from this size on is in memory only on its way: to such a store, to a worker.
  public var largeWorkloadBytes = 1 << 20
  /// Functions known, with or without jobs.
  public var functions = 131_072
  /// Functions one worker connection may register.
  public var functionsPerConnection = 4096
  /// Grabs one worker connection may have outstanding.
  public var grabsPerConnection = 4096
  /// Runs one worker connection may hold.
  public var runsPerConnection = 65_536
  /// RUN_JOB and RECV_DATA requests that one connection may have waiting.
  public var waitersPerConnection = 65_536
  /// Named locks that one job may hold or wait for.
  public var locksPerJob = 64
  /// Connections open at a time.
  public var connections = 20_000
  /// Bytes waiting for one slow reader: reading from it stops at this.
  public var outputPauseBytes = 1 << 20
  /// Bytes waiting for one slow reader: it is closed at this.
  public var outputCloseBytes = 128 << 20
  /// Operations, and bytes, that may collect for the store before connections are no longer read.
  public var batchOperations = 65_536
  public var batchBytes = 64 << 20
  /// Milliseconds that a connection has to say what it speaks and who it is.
  public var registrationDeadline: Int64 = 30_000

  /// Milliseconds without a byte after which a generation 1 connection is closed; 0 is never. Its
  /// clients do not ping, so that `Settings.keepalive` is not for them.
  public var generation1Idle: Int64 = 0

  /// Bytes of a function's or a job's name.
  public static let nameBytes = 255
  /// Bytes of a generation 1 message id; a longer one closes the connection.
  public static let messageBytes = 255

  public init() {}
}

/// The limits that a refusal can name.
public enum LimitName: String, Equatable, Sendable {
  case nameBytes = "name_bytes"
  case frameBytes = "frame_bytes"
  case jobs
  case bytes
  case functionJobs = "function_jobs"
  case functionBytes = "function_bytes"
  case functions
  case functionsPerConnection = "functions_per_connection"
  case grabsPerConnection = "grabs_per_connection"
  case runsPerConnection = "runs_per_connection"
  case waitersPerConnection = "waiters_per_connection"
  case locksPerJob = "locks_per_job"
  case connections
}
