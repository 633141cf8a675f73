import ArgumentParser
import PeriodicCore
import PeriodicWire

struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load",
    abstract: "Submit every job of a file that dump wrote.",
    usage: """
      periodic load FILE
      periodic load [-i FILE]
      """,
    discussion: """
      Takes all three forms, and knows them by their content. A file that is none of them is \
      refused as a whole. - is the standard input.
      """)

  /// Bytes of one LOAD: a quarter of a frame, so that a server need not be told of a larger one.
  private static let longestList = 16 << 20

  @OptionGroup var connection: ServerAddress

  @Argument(help: "The file.") var file: String?
  @Option(
    name: .customShort("i"), parsing: .unconditional,
    help: "The file. Without any: dump.db.")
  var input: String?

  func validate() throws {
    if file != nil, input != nil {
      throw ValidationError("one file: as an argument or with -i")
    }
  }

  func run() throws {
    let path = file ?? input ?? "dump.db"
    let content = try periodic.workload(path == "-" ? path : "@" + path)
    let lists: [[UInt8]]
    do {
      let list = try content.withUnsafeBytes { try JobFile.decode($0) }
      lists = try list.withUnsafeBytes {
        try JobFile.split($0, limit: LoadCommand.longestList)
      }
    } catch let problem as JobFile.Problem {
      throw Failure("\(path): \(problem.text)")
    }
    let remote = try Remote(connection)
    for list in lists { try remote.load(list) }
  }
}
