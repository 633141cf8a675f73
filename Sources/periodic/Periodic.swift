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
      LoadCommand.self, ShutdownCommand.self, PingCommand.self,
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

@main
enum Main {
  static func main() {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let name = CommandLine.arguments.first?.split(separator: "/").last
    if name == "periodicd", !arguments.contains("-d") { arguments.insert("-d", at: 0) }
    do {
      try checkText()
      var command = try Periodic.parseAsRoot(DaemonOptions.modernSpelling(goStyle(arguments)))
      try command.run()
    } catch {
      finish(error)
    }
  }

  /// Arguments are text here; bytes that are none would be changed on their way.
  private static func checkText() throws {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = CommandLine.unsafeArgv[index] else { continue }
      if String(validatingCString: argument) == nil {
        throw ValidationError(
          "argument \(index) is not UTF-8; give such bytes as -w @FILE or on the standard input")
      }
    }
  }

  /// Go's flags have one dash however long their name; ours of more than one letter have two.
  static func goStyle(_ arguments: [String]) -> [String] {
    let known: Set<String> = [
      "host", "driver", "dbpath", "path", "store", "args", "sched_later", "exec", "version",
      "help", "timeout", "later", "workload", "redis", "cpus", "cpuprofile",
    ]
    // What follows `--` is no flag.
    let flags = arguments.prefix { $0 != "--" }
    let rewritten = flags.map { argument in
      guard argument.hasPrefix("-"), !argument.hasPrefix("--") else { return argument }
      let name = argument.dropFirst().prefix { $0 != "=" }
      return known.contains(String(name)) ? "-" + argument : argument
    }
    return rewritten + arguments[flags.count...]
  }

  /// Exit status 0 for help and version, 2 for wrong usage, 1 for everything that failed.
  private static func finish(_ error: any Error) -> Never {
    if let failure = error as? Failure {
      printError("periodic: \(failure.message)")
      leave(1)
    }
    let status = Periodic.exitCode(for: error)
    if status == .success {
      print(Periodic.fullMessage(for: error))
      leave(0)
    }
    if error is ExitCode { leave(status.rawValue) }
    printError(Periodic.fullMessage(for: error))
    leave(2)
  }
}

/// Something did not work: a sentence for the person who asked, and exit status 1.
struct Failure: Error {
  var message: String
  init(_ message: String) { self.message = message }
}
