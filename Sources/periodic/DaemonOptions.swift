import ArgumentParser
import Logging

/// What a daemon is told.
struct DaemonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where jobs are kept: memory: or file:PATH (SQLite).", valueName: "store"))
  var store: String?

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
    help: ArgumentHelp("What to log: trace, debug, info, notice, warning, error, critical."))
  var logLevel: LogLevel = .info

  func validate() throws {
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

  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
