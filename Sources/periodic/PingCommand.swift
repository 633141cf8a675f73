import ArgumentParser

struct PingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ping", abstract: "Ask whether the server answers; prints PONG.")

  @OptionGroup var connection: ServerAddress

  func run() throws {
    try Remote(connection).ping()
    print("PONG")
  }
}
