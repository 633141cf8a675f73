import ArgumentParser
import PeriodicCore
import PeriodicWire

struct DumpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Write all jobs of the server to a file.",
    usage: """
      periodic dump FILE [--format gen2|gen1|jsonl] [--json]
      periodic dump [-o FILE]
      """,
    discussion: """
      FILE gets the form of generation 2, -o FILE that of generation 1, unless --format says \
      otherwise. jsonl is a JSON object a line, sorted, for any bytes and any number of jobs; the \
      two others are put together in memory and fit in one frame. The file appears when it is \
      complete; an interrupted dump leaves nothing, and is made again. - is the standard output.
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
  @Flag(help: "At the end, how much it was, as a JSON object on the standard output.")
  var json = false
  @Option(
    help: ArgumentHelp(
      "MiB of memory to sort lines in; more of them go through a temporary file.",
      discussion: "The file has no name and is in TMPDIR, or else beside FILE.",
      valueName: "mib"))
  var sortMemory = 64

  func validate() throws {
    if json, (file ?? output) == "-" {
      throw ValidationError("--json and the jobs both want the standard output")
    }
    guard (1...65_536).contains(sortMemory) else {
      throw ValidationError("--sort-memory \(sortMemory): 1 to 65536")
    }
    if file != nil, output != nil {
      throw ValidationError("one file: as an argument or with -o")
    }
  }

  static func form(_ text: String) throws -> JobFile.Form {
    guard let form = JobFile.Form(rawValue: text) else {
      throw ValidationError("--format \(text): gen1, gen2 or jsonl")
    }
    return form
  }

  func run() throws {
    let path = file ?? output ?? "dump.db"
    let form = format ?? (file == nil ? .generation1 : .generation2)
    let jobs: Int
    let progress = Progress("dump")
    if form == .lines {
      let dump = LineDump(connection, memory: sortMemory << 20, temporary: directory(beside: path))
      jobs = try dump.run(to: path)
    } else {
      jobs = try writeList(form, to: path)
    }
    if json {
      var line = JSONLine()
      line.append("jobs", Int64(jobs))
      line.append("milliseconds", progress.elapsed)
      line.finish().withUnsafeBytes { write($0, to: 1) }
    }
  }

  /// Where temporary files go: `$TMPDIR`, or beside the file that is written.
  private func directory(beside path: String) -> String {
    if let directory = environment("TMPDIR") { return directory }
    if path == "-" { return "/tmp" }
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Writes one of the old forms, which is put together in memory.
  private func writeList(_ form: JobFile.Form, to path: String) throws -> Int {
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
    return list.prefix(8).reduce(0) { $0 << 8 | Int($1) }
  }
}
