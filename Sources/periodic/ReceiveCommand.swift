import ArgumentParser

struct ReceiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recv",
    abstract: "Listen to the data that a job's worker sends, until the job ends.",
    discussion: """
      The job need not exist yet; what was sent before is lost. Ends with status 1 if no worker \
      can do the function.
      """)

  @OptionGroup var connection: ServerAddress

  @Argument(help: "The function.") var function: String
  @Argument(help: "The job's name.") var name: String
  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp(
      "Seconds after which the server ends it.", discussion: "Default: 60, the server's.",
      valueName: "seconds"))
  var timeout: Int32 = 0
  @Flag(help: "A JSON object for each piece, a line each.") var json = false

  func validate() throws {
    if timeout < 0 { throw ValidationError("--timeout \(timeout): less than none") }
    _ = try JobName(function: function, name: name)
  }

  func run() throws {
    let output = DataOutput(json: json)
    try Remote(connection).receive(
      try JobName(function: function, name: name), seconds: timeout
    ) { output.show("Data", $0) }
  }
}
