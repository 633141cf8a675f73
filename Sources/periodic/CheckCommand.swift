import ArgumentParser
import PeriodicCore
import PeriodicStore
import PeriodicStoreSQLite
import PeriodicWire

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Look whether a store's file is sound.",
    discussion: """
      The server must be stopped. Looks at the form of the file, at every row, and for jobs that \
      have the same names; a line for each thing that is damaged. Changes nothing. What is inside \
      a workload cannot be checked: nothing says what it was.
      """)

  @Argument(help: "The store's file.") var file: String
  @Flag(help: "Print one object of JSON a line.") var json = false

  func run() throws {
    var progress = StoreProgress()
    let found: StoreCheck
    do throws(StoreError) {
      found = try StoreCheck.run(
        storePath(file), problem: { show(problem: $0, progress) },
        progress: { progress.show($0.text) })
    } catch {
      progress.clear()
      throw Failure(error.message)
    }
    progress.clear()
    show(found)
    if !found.isSound { throw ExitCode(1) }
  }

  private func show(problem: String, _ progress: StoreProgress) {
    progress.clear()
    if json {
      var line = JSONLine()
      withBytes(of: problem) { line.append("problem", $0) }
      line.finish().withUnsafeBytes { write($0, to: 1) }
    } else {
      write(problem + "\n", to: 1)
    }
  }

  private func show(_ found: StoreCheck) {
    if json {
      var line = JSONLine()
      line.append("problems", Int64(found.problems))
      line.append("jobs", Int64(found.jobs))
      line.append("dropped_rows", Int64(found.droppedRows))
      line.append("functions", Int64(found.functions))
      line.append("workload_bytes", found.workloadBytes)
      line.append("file_bytes", found.fileBytes)
      line.append("log_bytes", found.logBytes)
      line.append("pages", found.pages)
      line.append("free_pages", found.freePages)
      line.finish().withUnsafeBytes { write($0, to: 1) }
      return
    }
    let dropped = found.droppedRows == 0 ? "" : " (\(found.droppedRows) rows of dropped functions)"
    write(
      """
      \(file): \(found.isSound ? "sound" : "DAMAGED, \(found.problems) problems")
      jobs       \(found.jobs)\(dropped)
      functions  \(found.functions)
      workloads  \(found.workloadBytes) bytes
      file       \(found.fileBytes) bytes, log \(found.logBytes) bytes
      pages      \(found.pages), free \(found.freePages)

      """, to: 1)
    if !found.isSound {
      printError("`periodic repair --salvage \(file) -o NEW` saves what can be read")
    }
  }
}

extension StoreCheck.Step {
  fileprivate var text: String {
    switch self {
    case .structure: "looking at the pages"
    case .jobs(let count): "\(count) jobs looked at"
    case .names(let count): "\(count) names compared"
    }
  }
}

/// A store's path, also in the spelling that `--store` takes.
func storePath(_ text: String) -> String {
  guard text.hasPrefix("file:") else { return text }
  let path = text.dropFirst("file:".count)
  return String(path.hasPrefix("//") ? path.dropFirst(2) : path)
}
