import ArgumentParser
import PeriodicCore
import PeriodicWire

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Read and change the server's settings.",
    discussion: """
      Keys: \(Settings.table.map(\.key).joined(separator: ", ")). Times are seconds. A key that \
      the server does not know reads 0, and setting it is ignored.
      """,
    subcommands: [Get.self, Set.self])

  struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "get", abstract: "Print the value of a setting.")

    @OptionGroup var connection: ServerAddress
    @Argument(help: "The setting.") var key: String
    @Flag(help: "A JSON object.") var json = false

    func validate() throws { try JobName.check(key, "key") }

    func run() throws {
      let value = try Remote(connection).setting(key)
      guard json else { return print(value) }
      var line = JSONLine()
      withBytes(of: key) { line.append("key", $0) }
      line.append("value", Int64(value))
      line.finish().withUnsafeBytes { write($0, to: 1) }
    }
  }

  struct Set: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set", abstract: "Change a setting, at once and for good.")

    @OptionGroup var connection: ServerAddress
    @Argument(help: "The setting.") var key: String
    @Argument(help: "Its value, from 0 to 4294967295.") var value: UInt32

    func validate() throws { try JobName.check(key, "key") }

    func run() throws { try Remote(connection).set(key, to: value) }
  }
}
