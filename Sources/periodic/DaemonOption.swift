import PeriodicRuntime

/// An option of the daemon that a server in another program has no need of.
typealias DaemonOption = OptionRow<DaemonOptions>

extension DaemonOption {
  static let all: [DaemonOption] = [
    logLevel, processName, maxCacheSize, pushTaskSize, schedTaskSize,
  ]

  static let logLevel = DaemonOption(
    option: "log-level", aliases: ["log"],
    form: LogLevel.allCases.map(\.rawValue).joined(separator: ", "),
    valueName: "level",
    meaning: "What to log: trace, debug, info, notice, warning, error, critical.",
    fallback: "info")

  static let processName = DaemonOption(
    option: "name", form: "a word", valueName: "name",
    meaning: "The process's name, as tools like ps show it; 15 bytes of it count.")

  static let maxCacheSize = without(
    "max-cache-size", "jobs", "all jobs are kept in memory and in the store")

  static let pushTaskSize = without("push-task-size", "threads", "one thread hands jobs out")

  static let schedTaskSize = without("sched-task-size", "threads", "one timer serves all jobs")

  /// Of older daemons, so that their command lines still work (PROTOCOL 4.1, 4.3).
  private static func without(_ option: String, _ value: String, _ reason: String) -> DaemonOption {
    DaemonOption(
      option: option, form: "a number", valueName: value,
      meaning: "Accepted and without effect: \(reason).")
  }
}
