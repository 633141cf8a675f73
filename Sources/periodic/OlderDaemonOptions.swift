import ArgumentParser

/// Options that command lines of older daemons have (PROTOCOL 4.1, 4.3), so that they still work.
struct OlderDaemonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The process's name, as tools like ps show it; 15 bytes of it count.", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      "Accepted and without effect: all jobs are kept in memory and in the store.",
      valueName: "jobs"))
  var maxCacheSize: Int?

  @Option(
    help: ArgumentHelp(
      "Accepted and without effect: one thread hands jobs out.", valueName: "threads"))
  var pushTaskSize: Int?

  @Option(
    help: ArgumentHelp(
      "Accepted and without effect: one timer serves all jobs.", valueName: "threads"))
  var schedTaskSize: Int?

  // Of the first generation's daemon; help for those who have them is in the error for --driver.
  @Option(help: .hidden) var redis: String?
  @Option(help: .hidden) var cpus: Int?
  @Option(help: .hidden) var cpuprofile: String?
}
