import ArgumentParser

struct DropCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop",
    abstract: "Drop functions that no worker has, with all their jobs.",
    usage: """
      periodic drop FUNC...
      periodic drop -f FUNC
      """)

  @OptionGroup var connection: ServerAddress

  @Argument(help: "The functions.") var positional: [String] = []
  @Option(name: .customShort("f"), parsing: .unconditional, help: "The function.") var function:
    String?

  func validate() throws { _ = try functions() }

  func run() throws {
    let functions = try functions()
    let remote = try Remote(connection)
    for function in functions { try remote.drop(function) }
    if positional.isEmpty { print("SUCCESS") }
  }

  private func functions() throws -> [String] {
    guard positional.isEmpty || function == nil else {
      throw ValidationError("functions as arguments or with -f, not both")
    }
    let functions = positional + (function.map { [$0] } ?? [])
    if functions.isEmpty { throw ValidationError("which function?") }
    for function in functions { try JobName.check(function, "function") }
    return functions
  }
}
