import ArgumentParser
import PeriodicCore
import PeriodicWire

struct DumpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Write all jobs of the server to a file.",
    usage: """
      periodic dump FILE [--format gen2|gen1|jsonl]
      periodic dump [-o FILE]
      """,
    discussion: """
      FILE gets the form of generation 2, -o FILE that of generation 1, unless --format says \
      otherwise. jsonl is a JSON object a line, sorted, for any bytes. The file appears when it is \
      complete. - is the standard output.
      """)

  @OptionGroup var connection: ServerAddress

  @Argument(help: "The file.") var file: String?
  @Option(
    name: .customShort("o"), parsing: .unconditional,
    help: "The file, in the form of generation 1. Without any file: dump.db.")
  var output: String?
  @Option(
    help: ArgumentHelp("The form of the file: gen1, gen2 or jsonl.", valueName: "form"),
    transform: DumpCommand.form)
  var format: JobFile.Form?

  func validate() throws {
    if file != nil, output != nil {
      throw ValidationError("one file: as an argument or with -o")
    }
  }

  private static func form(_ text: String) throws -> JobFile.Form {
    guard let form = JobFile.Form(rawValue: text) else {
      throw ValidationError("--format \(text): gen1, gen2 or jsonl")
    }
    return form
  }

  func run() throws {
    let path = file ?? output ?? "dump.db"
    let form = format ?? (file == nil ? .generation1 : .generation2)
    let list = try Remote(connection).dump()
    let content: [UInt8]
    do {
      content = try list.withUnsafeBytes { try JobFile.encode($0, as: form) }
    } catch let problem as JobFile.Problem {
      throw Failure("dump --format \(form.rawValue): \(problem.text)")
    }
    if path == "-" {
      content.withUnsafeBytes { write($0, to: 1) }
    } else {
      try replaceFile(path, with: content)
    }
  }
}
