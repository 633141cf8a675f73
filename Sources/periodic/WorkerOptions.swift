import ArgumentParser
import PeriodicCore

/// How a worker program works: the options of periodic-run and periodic-run-pipe (PROTOCOL 4.3).
struct WorkerOptions: ParsableArguments {
  @Option(
    name: [.customLong("thread"), .customLong("threads")],
    help: ArgumentHelp(
      "Jobs at a time.", discussion: "Default: THREAD, or 1.", valueName: "number"))
  var threads: Int?

  @Option(help: ArgumentHelp("A lock to take around each job.", valueName: "name"))
  var lockName: String?

  @Option(help: ArgumentHelp("How many jobs may hold the lock.", valueName: "number"))
  var lockCount: UInt16 = 1

  @Flag(help: "Every worker of the function gets every job; takes no lock.")
  var broadcast = false

  @Flag(
    help: ArgumentHelp(
      "Do not give the job's name to the program.",
      discussion: "To a pipe's process the workload is given instead."))
  var noName = false

  @Option(
    help: ArgumentHelp(
      "Seconds after which a failed job runs again.",
      discussion: "Default: 0, about a second later.", valueName: "seconds"))
  var retrySecs: Int64 = 0

  @Flag(help: "A failed run counts as done.")
  var skipFail = false

  @Option(
    help: ArgumentHelp(
      "Bytes of memory that a job's processes may have; more stops them.",
      discussion: "With k, m or g: KiB, MiB, GiB. Looked at every second. Default: 0, no limit.",
      valueName: "bytes"),
    transform: WorkerOptions.memory)
  var memLimit: Int = 0

  func validate() throws {
    let threads = try threadCount()
    guard (1...4096).contains(threads) else {
      throw ValidationError("--thread \(threads): from 1 to 4096")
    }
    if let lockName { try JobName.check(lockName, "lock's name") }
    guard (1...32_767).contains(lockCount) else {
      throw ValidationError("--lock-count \(lockCount): from 1 to 32767")
    }
    guard (0...SubmitCommand.longestDelay).contains(retrySecs) else {
      throw ValidationError(
        "--retry-secs \(retrySecs): from 0 to \(SubmitCommand.longestDelay) seconds")
    }
  }

  /// Whether any of it was asked for.
  func apply(to plan: inout WorkerPlan) throws {
    plan.threads = try threadCount()
    plan.lock = lockName.map { WorkerPlan.Lock(name: $0, count: lockCount) }
    plan.isBroadcast = broadcast
    plan.givesName = !noName
    plan.retrySeconds = retrySecs
    plan.skipsFailure = skipFail
    plan.memoryLimit = memLimit
  }

  /// -1 is the job's own limit, 0 none.
  static func timeLimit(_ seconds: Int64) throws -> WorkerPlan.TimeLimit {
    switch seconds {
    case -1: return .job
    case 0: return .none
    case 1...SubmitCommand.longestDelay: return .seconds(seconds)
    default: throw ValidationError("--timeout \(seconds): -1, 0 or more seconds")
    }
  }

  private func threadCount() throws -> Int {
    if let threads { return threads }
    guard let text = environment("THREAD") else { return 1 }
    guard let number = Int(text) else { throw ValidationError("THREAD is \(text), no number") }
    return number
  }

  static func memory(_ text: String) throws -> Int {
    let units: [Character: Int] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
    let unit = text.last.flatMap { units[Character($0.lowercased())] }
    let digits = unit == nil ? text[...] : text.dropLast()
    let (bytes, overflow) = (Int(digits) ?? -1).multipliedReportingOverflow(by: unit ?? 1)
    guard bytes >= 0, !overflow else {
      throw ValidationError("--mem-limit \(text): bytes, or a number with k, m or g")
    }
    return bytes
  }
}
