import ArgumentParser

/// One binary under four names: `periodic`, `periodicd` (the same as `periodic -d`), `periodic-run`
/// and `periodic-run-pipe`.
@main
enum Main {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch CommandLine.arguments.first?.split(separator: "/").last {
    case "periodic-run": start(ProgramWorkerCommand.self, passingOn(arguments))
    case "periodic-run-pipe": start(PipeWorkerCommand.self, passingOn(arguments))
    case "periodicd" where !arguments.contains("-d"):
      start(Periodic.self, DaemonOptions.modernSpelling(goStyle(["-d"] + arguments)))
    default: start(Periodic.self, DaemonOptions.modernSpelling(goStyle(arguments)))
    }
  }

  private static func start(_ program: (some ParsableCommand).Type, _ arguments: [String]) {
    do {
      try checkText()
      var command = try program.parseAsRoot(arguments)
      try command.run()
    } catch {
      finish(error, program)
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
      "help", "timeout", "later", "workload", "redis", "cpus", "cpuprofile", "thread", "threads",
      "lock-name", "lock-count", "broadcast", "no-name", "data", "work-data", "retry-secs",
      "skip-fail", "mem-limit", "pipe", "ready-timeout", "json", "format", "client-name",
      "client-token", "from-line", "skip-bad", "sort-memory",
    ]
    // What these take is a value, whatever it looks like.
    let takers: Set<String> = ["-f", "-n", "-w", "-o", "-i", "--args", "-args", "--workload"]
    if arguments.first == "-v" { return ["--version"] + arguments.dropFirst() }
    // What follows `--` is no flag.
    let flags = arguments.prefix { $0 != "--" }
    var isValue = false
    let rewritten = flags.map { argument in
      if isValue {
        isValue = false
        return argument
      }
      isValue = takers.contains(argument)
      guard argument.hasPrefix("-"), !argument.hasPrefix("--") else { return argument }
      let name = argument.dropFirst().prefix { $0 != "=" }
      return known.contains(String(name)) ? "-" + argument : argument
    }
    return rewritten + arguments[flags.count...]
  }

  /// Ends our options before the first word that is none: what follows is the worker's function,
  /// its program, and that program's own arguments.
  static func passingOn(_ arguments: [String]) -> [String] {
    let withValue: Set<String> = [
      "-H", "--host", "--client-name", "--client-token", "--rsa-mode", "--rsa-private-path",
      "--rsa-public-path", "--thread", "--threads", "--lock-name", "--lock-count", "--timeout",
      "--retry-secs", "--mem-limit", "--ready-timeout",
    ]
    var place = 0
    while place < arguments.count {
      let argument = arguments[place]
      if argument == "--" { return arguments }
      if !argument.hasPrefix("-") {
        return arguments[..<place] + ["--"] + arguments[place...]
      }
      place += withValue.contains(argument) ? 2 : 1
    }
    return arguments
  }

  /// Exit status 0 for help and version, 2 for wrong usage, 1 for everything that failed.
  private static func finish(_ error: any Error, _ program: (some ParsableCommand).Type) -> Never {
    let name = program.configuration.commandName ?? "periodic"
    if let failure = error as? Failure {
      printError("\(name): \(failure.message)")
      leave(1)
    }
    let status = program.exitCode(for: error)
    if status == .success {
      print(program.fullMessage(for: error))
      leave(0)
    }
    if error is ExitCode { leave(status.rawValue) }
    printError(program.fullMessage(for: error))
    leave(2)
  }
}
