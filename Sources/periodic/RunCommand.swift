import ArgumentParser

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Work: run a program for each job of a function.",
    discussion: """
      The program gets the job's name as its last argument and the workload on its standard input. \
      What it prints is passed on, except lines that begin with a word for us: SCHED_LATER n (run \
      again in n seconds), FAIL, DONE. Without one of them the job is done when the program ends \
      with status 0, and failed otherwise.
      """)

  @OptionGroup var connection: ServerAddress

  @Option(name: .customShort("f"), help: "The function.") var function: String
  @Option(
    name: .customLong("exec"),
    help: ArgumentHelp(
      "The program and its first arguments, split at blanks; there is no quoting and no shell.",
      valueName: "command"))
  var command: String

  func validate() throws {
    try JobName.check(function, "function")
    if command.isEmpty { throw ValidationError("--exec is empty") }
  }

  func run() throws {
    let worker = try ScriptWorker(
      function: function,
      command: command.split(separator: " ", omittingEmptySubsequences: false).map(String.init),
      address: parseAddress(connection.address()))
    try worker.run()
  }
}
