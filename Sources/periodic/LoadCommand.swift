import ArgumentParser
import Glibc
import PeriodicCore
import PeriodicWire

struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load",
    abstract: "Submit every job of a file that dump wrote.",
    usage: """
      periodic load FILE [--from-line N] [--skip-bad] [--json]
      periodic load [-i FILE]
      """,
    discussion: """
      Takes all three forms, and knows them by their content. A file that is none of them is \
      refused as a whole. A file of lines is loaded as it is read; a line that is no job ends \
      that, and what stands before it is loaded. - is the standard input.
      """)

  /// Bytes of one LOAD: a quarter of a frame, so that a server need not be told of a larger one.
  private static let longestList = 16 << 20

  @OptionGroup var connection: ServerAddress

  @Argument(help: "The file.") var file: String?
  @Option(
    name: .customShort("i"), parsing: .unconditional,
    help: "The file. Without any: dump.db.")
  var input: String?
  @Option(
    help: ArgumentHelp(
      "The form of the file, if not by its content: gen1, gen2 or jsonl.", valueName: "form"),
    transform: DumpCommand.form)
  var format: JobFile.Form?
  @Option(
    help: ArgumentHelp(
      "Of a file of lines, begin there: an interrupted load says where to go on.",
      valueName: "n"))
  var fromLine = 1
  @Flag(help: "Pass over lines that are no jobs, and say which, instead of stopping there.")
  var skipBad = false
  @Flag(help: "At the end, how much it was, as a JSON object on the standard output.")
  var json = false

  func validate() throws {
    guard fromLine >= 1 else { throw ValidationError("--from-line \(fromLine): 1 or more") }
    if file != nil, input != nil {
      throw ValidationError("one file: as an argument or with -i")
    }
  }

  func run() throws {
    let path = file ?? input ?? "dump.db"
    let source = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
    guard source >= 0 else { throw Failure("\(path): \(systemError())") }
    defer { if source != 0 { close(source) } }
    var head = [UInt8](repeating: 0, count: 1 << 16)
    guard let count = readSome(source, &head) else {
      throw Failure("\(path): \(systemError())")
    }
    head.removeLast(head.count - count)
    let remote = try Remote(connection)
    if format == .lines || (format == nil && head.first == UInt8(ascii: "{")) {
      return try loadLines(remote, path, head, source)
    }
    if fromLine != 1 || skipBad {
      throw Failure("\(path): --from-line and --skip-bad are for files of lines (jsonl)")
    }
    guard let rest = readAll(source) else { throw Failure("\(path): \(systemError())") }
    try loadList(remote, path, head + rest)
  }

  private func loadLines(
    _ remote: Remote, _ path: String, _ head: [UInt8], _ source: Int32
  ) throws {
    let load = LineLoad(remote, name: path, firstLine: fromLine, skipsBad: skipBad)
    defer {
      if json {
        var line = JSONLine()
        line.append("jobs", Int64(load.jobs))
        line.append("lines", Int64(load.acknowledged))
        line.append("skipped", Int64(load.skipped))
        line.append("milliseconds", load.milliseconds)
        line.finish().withUnsafeBytes { write($0, to: 1) }
      }
    }
    try load.run(head, source)
  }

  /// One of the old forms, as a whole.
  private func loadList(_ remote: Remote, _ path: String, _ content: [UInt8]) throws {
    let progress = Progress("load")
    let list: [UInt8]
    let lists: [[UInt8]]
    do {
      list = try content.withUnsafeBytes { try JobFile.decode($0) }
      lists = try list.withUnsafeBytes {
        try JobFile.split($0, limit: LoadCommand.longestList)
      }
    } catch let problem as JobFile.Problem {
      throw Failure("\(path): \(problem.text)")
    }
    for list in lists { try remote.load(list) }
    if json {
      var line = JSONLine()
      line.append("jobs", list.prefix(8).reduce(0) { $0 << 8 | Int64($1) })
      line.append("milliseconds", progress.elapsed)
      line.finish().withUnsafeBytes { write($0, to: 1) }
    }
  }
}

/// Reads until the buffer is full or nothing more comes; `nil` on an error.
private func readSome(_ source: Int32, _ buffer: inout [UInt8]) -> Int? {
  while true {
    let count = read(source, &buffer, buffer.count)
    if count >= 0 { return count }
    if errno != EINTR { return nil }
  }
}
