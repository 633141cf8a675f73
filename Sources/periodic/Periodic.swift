import ArgumentParser

/// The command line: a subcommand talks to a server, `-d` is one.
struct Periodic: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "periodic",
    abstract: "A task system: submit jobs, run workers, serve.",
    discussion: """
      Without a subcommand, -d serves; `periodicd` is the same as `periodic -d`.
      Addresses are unix:///path, tcp://host:port or tcp://:port.
      """,
    version: version,
    subcommands: [
      StatusCommand.self, SubmitCommand.self, RunCommand.self, ReceiveCommand.self,
      RemoveCommand.self, DropCommand.self, ConfigCommand.self, DumpCommand.self,
      LoadCommand.self, BackupCommand.self, CheckCommand.self, RepairCommand.self,
      ShutdownCommand.self, PingCommand.self, ConfigurationCommand.self,
    ])

  @OptionGroup var connection: ServerAddress

  @Flag(name: .customShort("d"), help: "Serve.")
  var serves = false

  @OptionGroup(title: "Serving") var daemon: DaemonOptions

  func run() throws {
    guard serves else {
      print(Periodic.helpMessage())
      return
    }
    try Daemon(addresses: connection.addresses(), options: daemon).run()
  }
}

/// Something did not work: a sentence for the person who asked, and exit status 1.
struct Failure: Error {
  var message: String
  init(_ message: String) { self.message = message }
}
