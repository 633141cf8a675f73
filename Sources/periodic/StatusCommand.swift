import ArgumentParser

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the functions, their workers and their jobs.")

  @OptionGroup var connection: ServerAddress

  func run() throws {
    let remote = try Remote(connection.address())
    let table = try StatusCommand.table(remote.status())
    print(table, terminator: "")
  }

  /// The table of generation 2 (PROTOCOL 4.3) from the text of a STATUS reply.
  static func table(_ text: String) throws -> String {
    var table = Table(
      header: ["FUNCTIONS", "WORKERS", "JOBS", "PROCESSING", "LOCKED", "SCHEDAT"])
    for line in text.split(separator: "\n") {
      // A name may hold commas; nothing escapes them, so the numbers are taken from the end.
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count >= 6, let due = Int64(fields[fields.count - 1]) else {
        throw Failure("the server's status has an unreadable line: \(line)")
      }
      let name = fields.dropLast(5).joined(separator: ",")
      let numbers = fields.suffix(5).dropLast().map(String.init)
      table.rows.append([name] + numbers + [localTime(due)])
    }
    return table.text
  }
}
