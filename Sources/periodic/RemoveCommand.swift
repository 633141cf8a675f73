import ArgumentParser

struct RemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Remove jobs, whatever their state.",
    usage: """
      periodic remove FUNC NAME...
      periodic remove -f FUNC -n NAME
      """)

  @OptionGroup var connection: ServerAddress

  @Argument(help: "The function and the names.") var positional: [String] = []
  @Option(name: .customShort("f"), parsing: .unconditional, help: "The function.") var function:
    String?
  @Option(name: .customShort("n"), parsing: .unconditional, help: "The job's name.") var name:
    String?

  func validate() throws { _ = try jobs() }

  func run() throws {
    let jobs = try jobs()
    let remote = try Remote(connection)
    for job in jobs { try remote.remove(job) }
    if positional.isEmpty { print("SUCCESS") }
  }

  private func jobs() throws -> [JobName] {
    if positional.isEmpty {
      guard let function, let name else {
        throw ValidationError("a job needs a function and a name: FUNC NAME, or -f and -n")
      }
      return [try JobName(function: function, name: name)]
    }
    guard positional.count >= 2, function == nil, name == nil else {
      throw ValidationError("a function and at least one name: FUNC NAME..., or -f and -n")
    }
    return try positional.dropFirst().map { try JobName(function: positional[0], name: $0) }
  }
}
