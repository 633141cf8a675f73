import ArgumentParser
import Logging
import PeriodicRuntime
import PeriodicStore

/// What a daemon is told.
struct DaemonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where jobs are kept: memory: or file:PATH (SQLite).", valueName: "store"))
  var store: String?

  @Option(
    help: ArgumentHelp(
      "MiB that a store file keeps free beside it, in PATH.reserve, for when the disk is full.",
      discussion: """
        New jobs are refused then; jobs that are kept can still be ended and removed. 0 is none.
        """, valueName: "MiB"))
  var reserve: Int = 8

  @Option(
    help: ArgumentHelp(
      "How hard a store file keeps what is acknowledged: always, batch[:ms] or off.",
      discussion: """
        always: on stable storage before the reply leaves. batch: handed to the system before \
        that, and synced at most this many milliseconds later, 50 if not given; a power cut takes \
        what was not synced yet, a crash of the process nothing. off: when the system likes.
        """, valueName: "mode"),
    transform: DaemonOptions.parseSync)
  var sync = StoreSync.always

  @OptionGroup var limits: StoreLimitOptions

  @Option(help: .hidden) var driver: String?
  @Option(help: .hidden) var dbpath: String?
  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp(
      "The older way to name a store.",
      discussion: "Default: PERIODIC_PATH. :memory:, or file://PATH.", visibility: .hidden))
  var path: String?

  @Option(
    help: ArgumentHelp("Permissions of Unix sockets, octal.", valueName: "mode"),
    transform: DaemonOptions.octal)
  var socketMode: UInt32?

  @Option(help: ArgumentHelp("Owner of Unix sockets: user, or user:group.", valueName: "owner"))
  var socketOwner: String?

  @OptionGroup var older: OlderDaemonOptions

  @Option(
    help: ArgumentHelp(
      "Where to tell what happens: udp://host:port, tcp://host:port or persist.",
      discussion: """
        A line `event:name:seconds` for each event, or a row of the table `metrics` in the store's \
        file. PERIODIC_SOCKET_HOOK_QUEUE_MAX_SIZE and PERIODIC_METRIC_QUEUE_MAX_SIZE say how many \
        may wait (10000), PERIODIC_SOCKET_HOOK_DROP_LOG_EVERY and PERIODIC_METRIC_DROP_LOG_EVERY \
        how often to log that more were dropped (1000).
        """, valueName: "target"),
    transform: DaemonOptions.parseHook)
  var hook: EventHook?

  @Option(
    help: ArgumentHelp(
      "Who may do what: lines of `role name token func1,func2`.",
      discussion: """
        Roles are client, worker and admin. Read again when it changes. Without one, whoever can \
        connect can do everything.
        """, valueName: "file"))
  var authFile: String?

  @Flag(
    help: "Let identities of the role client dump, load, change settings and shut down, too.")
  var clientsAdminister = false

  @Option(
    help: ArgumentHelp(
      "Seconds that a connection has to say what it speaks and who it is.", valueName: "seconds"))
  var registrationDeadline: Int = 30

  @Option(
    name: [.long, .customLong("log")],
    help: ArgumentHelp("What to log: trace, debug, info, notice, warning, error, critical."))
  var logLevel: LogLevel = .info

  @Option(
    help: ArgumentHelp(
      "Seconds of silence after which a generation 1 connection is closed; 0 is never.",
      discussion: "The older daemon's --timeout, which is taken as well.", valueName: "seconds"))
  var idleTimeout: Int = 0

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
    guard (0...Int(Int32.max)).contains(idleTimeout) else {
      throw ValidationError("--idle-timeout \(idleTimeout): from 0 to \(Int32.max) seconds")
    }
    guard (0...65_536).contains(reserve) else {
      throw ValidationError("--reserve \(reserve): from 0 to 65536 MiB")
    }
    guard (1...3600).contains(registrationDeadline) else {
      throw ValidationError(
        "--registration-deadline \(registrationDeadline): from 1 to 3600 seconds")
    }
  }

  /// The store, and whether anybody asked for one.
  func storeChoice() throws -> StoreChoice? {
    try StoreChoice(
      .init(
        store: store, driver: driver, directory: dbpath, path: path,
        environmentPath: environment("PERIODIC_PATH")))
  }

  /// The hook, with the bounds that the environment sets (PROTOCOL 2.12).
  func eventHook() throws -> EventHook? {
    guard var hook else { return nil }
    let kind = hook.target == .persist ? "METRIC" : "SOCKET_HOOK"
    if let limit = try DaemonOptions.number("PERIODIC_\(kind)_QUEUE_MAX_SIZE") {
      hook.queueLimit = limit
    }
    if let interval = try DaemonOptions.number("PERIODIC_\(kind)_DROP_LOG_EVERY") {
      hook.dropLogInterval = interval
    }
    return hook
  }

  private static func parseHook(_ text: String) throws -> EventHook {
    guard let hook = EventHook(text) else {
      throw ValidationError("--hook \(text): use udp://host:port, tcp://host:port or persist")
    }
    return hook
  }

  private static func parseSync(_ text: String) throws -> StoreSync {
    guard let sync = StoreSync(text) else {
      throw ValidationError(
        "--sync \(text): use always, batch, batch:MS (from 1 to 60000 milliseconds) or off")
    }
    return sync
  }

  private static func number(_ variable: String) throws -> Int? {
    guard let text = environment(variable) else { return nil }
    guard let number = Int(text), number > 0 else {
      throw Failure("\(variable)=\(text): a number above 0")
    }
    return number
  }

  private static func octal(_ text: String) throws -> UInt32 {
    guard let mode = UInt32(text, radix: 8), mode <= 0o777 else {
      throw ValidationError("--socket-mode \(text): octal, from 0 to 777")
    }
    return mode
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
