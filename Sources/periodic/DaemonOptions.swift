import ArgumentParser
import Logging
import PeriodicRuntime

/// What a daemon is told: rows of the tables of options, and the older ways to name a store.
struct DaemonOptions: ParsableArguments {
  @Option(.store) var store: String?
  @Option(.reserve) var reserve: Int
  @Option(.sync) var sync: String
  @Option(.maxJobs) var maxJobs: Int
  @Option(.maxBytes) var maxBytes: Int?
  @Option(.maxFunctionJobs) var maxFunctionJobs: Int?
  @Option(.maxFunctionBytes) var maxFunctionBytes: Int?
  @Option(.cache) var cache: Int

  @Option(help: .hidden) var driver: String?
  @Option(help: .hidden) var dbpath: String?
  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp(
      "The older way to name a store.",
      discussion: "Default: PERIODIC_PATH. :memory:, or file://PATH.", visibility: .hidden))
  var path: String?

  @Option(.socketMode) var socketMode: String
  @Option(.socketOwner) var socketOwner: String?
  @OptionGroup var older: OlderDaemonOptions
  @Option(.hook) var hook: String?
  @Option(.authFile) var authFile: String?
  @Flag(.clientsAdminister) var clientsAdminister: Bool
  @Option(.registrationDeadline) var registrationDeadline: Int
  @Option(.logLevel) var logLevel: LogLevel = .info
  @Option(.idleTimeout) var idleTimeout: Int

  /// In a daemon's command line `--timeout` is the older name of `--idle-timeout`; elsewhere it is
  /// a job's.
  static func modernSpelling(_ arguments: [String]) -> [String] {
    guard arguments.contains("-d") else { return arguments }
    return arguments.map { argument in
      let isOld = argument == "--timeout" || argument.hasPrefix("--timeout=")
      return isOld ? "--idle-" + argument.dropFirst(2) : argument
    }
  }

  func validate() throws {
    do throws(OptionError) {
      var options = ServerOptions()
      try set(in: &options)
    } catch {
      throw ValidationError(error.description)
    }
  }

  /// A server's options, but for its log.
  func serverOptions() throws -> ServerOptions {
    var options = ServerOptions()
    do throws(OptionError) {
      try set(in: &options)
      try setBounds(ofHookIn: &options)
      if let store = try storeChoice() { try ServerOption.store.set(&options, store.text) }
    } catch {
      throw Failure(error.description)
    }
    return options
  }

  /// The store, and whether anybody asked for one.
  func storeChoice() throws(OptionError) -> StoreChoice? {
    try StoreChoice(
      .init(
        store: store, driver: driver, directory: dbpath, path: path,
        environmentPath: environment("PERIODIC_PATH")))
  }

  private func set(in options: inout ServerOptions) throws(OptionError) {
    let numbers: [(ServerOption, Int?)] = [
      (.reserve, reserve), (.maxJobs, maxJobs), (.maxBytes, maxBytes),
      (.maxFunctionJobs, maxFunctionJobs), (.maxFunctionBytes, maxFunctionBytes), (.cache, cache),
      (.registrationDeadline, registrationDeadline), (.idleTimeout, idleTimeout),
      (.clientsAdminister, clientsAdminister ? 1 : 0),
    ]
    for case (let row, let value?) in numbers { try row.set(&options, value) }
    let texts: [(ServerOption, String?)] = [
      (.sync, sync), (.socketMode, socketMode), (.socketOwner, socketOwner), (.hook, hook),
      (.authFile, authFile),
    ]
    for case (let row, let text?) in texts { try row.set(&options, text) }
  }

  /// The bounds that the environment sets (PROTOCOL 2.12).
  private func setBounds(ofHookIn options: inout ServerOptions) throws(OptionError) {
    let kind = options.hook?.target == .persist ? "_METRIC_" : "_SOCKET_HOOK_"
    for row in [ServerOption.hookQueue, .hookLogInterval] {
      for variable in row.variables where variable.contains(kind) {
        guard let text = environment(variable) else { continue }
        try row.set(&options, text, on: .variable(variable))
      }
    }
  }
}

/// The levels of the log, as an option.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
  case trace, debug, info, notice, warning, error, critical

  /// Case does not matter; the two gravest of the older daemon's levels are the gravest here.
  init?(argument: String) {
    switch argument.lowercased() {
    case "alert", "emergency": self = .critical
    case let word: self.init(rawValue: word)
    }
  }

  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
