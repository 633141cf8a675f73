import ArgumentParser

/// Options that command lines of older daemons have (PROTOCOL 4.1, 4.3), so that they still work.
struct OlderDaemonOptions: ParsableArguments {
  @Option(.processName) var name: String?
  @Option(.maxCacheSize) var maxCacheSize: Int?
  @Option(.pushTaskSize) var pushTaskSize: Int?
  @Option(.schedTaskSize) var schedTaskSize: Int?

  // Of the first generation's daemon; help for those who have them is in the error for --driver.
  @Option(help: .hidden) var redis: String?
  @Option(help: .hidden) var cpus: Int?
  @Option(help: .hidden) var cpuprofile: String?
}
