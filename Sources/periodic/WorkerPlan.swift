import PeriodicClient

/// What a worker program was told to do.
struct WorkerPlan {
  /// What becomes of what a program writes to its standard output.
  enum Output: Equatable {
    /// Lines that begin with a word for us, the others passed on: the contract of PROTOCOL 4.2.
    case script
    /// Passed on as it comes.
    case inherited
    /// All of it is the result.
    case result
    /// Lines of WORKDATA and WORKDONE (PROTOCOL 4.3).
    case lines
  }

  /// How long a run may take.
  enum TimeLimit: Equatable {
    case none
    /// As long as the server gives it.
    case job
    case seconds(Int64)
  }

  struct Lock: Equatable {
    var name: String
    var count: UInt16
  }

  var function: String
  var command: [String]
  /// Runs at a time.
  var threads = 1
  var lock: Lock?
  var isBroadcast = false
  /// Whether the job's name is the last argument; for a pipe, whether it is what the process gets
  /// in place of the workload.
  var givesName = true
  var output = Output.script
  var timeLimit = TimeLimit.none
  /// Seconds after which a failed job runs again; 0 leaves that to the server.
  var retrySeconds: Int64 = 0
  /// A failed run counts as done.
  var skipsFailure = false
  /// Bytes of memory that a run's processes may have resident together; 0 is no limit.
  var memoryLimit = 0
  /// What to print when the server knows the worker.
  var greeting: String?
  /// Seconds for a process of a pipe to say that it is ready; 0 is for ever.
  var readySeconds: Int64 = 10
  /// Milliseconds to the next attempt when the server is gone or refuses the function.
  var retryDelay: Int64 = 3_000
}

/// How a run is reported.
enum RunResult: Equatable {
  case done([UInt8])
  case failed
  case later(Int64)
}

extension WorkerPlan {
  /// What is reported in place of a failure.
  func reported(_ result: RunResult) -> RunResult {
    guard result == .failed else { return result }
    if retrySeconds > 0 { return .later(retrySeconds) }
    return skipsFailure ? .done([]) : .failed
  }

  /// Milliseconds that a run of this job may take; `nil` is no limit.
  func milliseconds(for job: ReceivedJob) -> Int64? {
    switch timeLimit {
    case .none: nil
    case .job: job.timeout > 0 ? Int64(job.timeout) * 1000 : nil
    case .seconds(let seconds): seconds * 1000
    }
  }
}
