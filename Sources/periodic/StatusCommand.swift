import ArgumentParser
import PeriodicCore
import PeriodicWire

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the functions, their workers and their jobs.")

  @OptionGroup var connection: ServerAddress

  @Flag(help: "A JSON object for each function, a line each.") var json = false

  func run() throws {
    let rows = try StatusCommand.rows(Remote(connection).status())
    if json {
      for row in rows { row.json.withUnsafeBytes { write($0, to: 1) } }
    } else {
      print(StatusCommand.table(rows), terminator: "")
    }
  }

  /// One line of a STATUS reply (PROTOCOL 2.7).
  struct Row: Equatable {
    var function: String
    /// Workers, jobs, processing, locked.
    var counts: [Int64]
    /// When the first waiting job is due, seconds since 1970.
    var scheduledAt: Int64

    fileprivate var json: [UInt8] {
      var line = JSONLine()
      withBytes(of: function) { line.append("function", $0) }
      line.append("workers", counts[0])
      line.append("jobs", counts[1])
      line.append("processing", counts[2])
      line.append("locked", counts[3])
      line.append("sched_at", scheduledAt)
      return line.finish()
    }
  }

  static func rows(_ text: String) throws -> [Row] {
    try text.split(separator: "\n").map { line in
      // A name may hold commas; nothing escapes them, so the numbers are taken from the end.
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      let numbers = fields.suffix(5).compactMap { Int64($0) }
      guard fields.count >= 6, numbers.count == 5 else {
        throw Failure("the server's status has an unreadable line: \(line)")
      }
      return Row(
        function: fields.dropLast(5).joined(separator: ","), counts: Array(numbers[..<4]),
        scheduledAt: numbers[4])
    }
  }

  /// The table of generation 2 (PROTOCOL 4.3).
  static func table(_ rows: [Row]) -> String {
    var table = Table(
      header: ["FUNCTIONS", "WORKERS", "JOBS", "PROCESSING", "LOCKED", "SCHEDAT"])
    for row in rows {
      table.rows.append([row.function] + row.counts.map(String.init) + [localTime(row.scheduledAt)])
    }
    return table.text
  }
}
