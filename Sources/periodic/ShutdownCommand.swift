import ArgumentParser

struct ShutdownCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shutdown",
    abstract: "End the server.",
    discussion: """
      Ends when the server has written what it acknowledged and closed the connection. With an \
      identity file only an admin may ask for it.
      """)

  @OptionGroup var connection: ServerAddress

  func run() throws { try Remote(connection).shutDown() }
}
