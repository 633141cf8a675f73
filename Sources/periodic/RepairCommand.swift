import ArgumentParser
import PeriodicCore
import PeriodicStore
import PeriodicStoreSQLite
import PeriodicWire

struct RepairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Save what can be read of a damaged store.",
    usage: "periodic repair --salvage FILE -o NEW [--json]",
    discussion: """
      The server must be stopped. Reads the pages of FILE and of its write-ahead log without \
      trusting any of them, and writes all jobs that can be read to a new store, NEW. FILE is not \
      changed: keep it until NEW has proved itself. Says how many jobs were saved, and what was \
      not. Jobs that had ended may be back where the file's list of free pages is damaged.
      """)

  @Flag(help: "Write a new store with all that can be read.") var salvage = false
  @Argument(help: "The store's file.") var file: String
  @Option(
    name: [.customShort("o"), .long], help: ArgumentHelp("The new store.", valueName: "new"))
  var output: String
  @Flag(help: "Print one object of JSON a line.") var json = false

  func validate() throws {
    if !salvage {
      throw ValidationError("what there is: periodic repair --salvage FILE -o NEW")
    }
  }

  func run() throws {
    var progress = StoreProgress()
    let saved: Salvage
    do throws(StoreError) {
      saved = try Salvage.run(
        storePath(file), to: storePath(output), progress: { progress.show("\($0) jobs found") })
    } catch {
      progress.clear()
      throw Failure(error.message)
    }
    progress.clear()
    if json { show(asJSON: saved) } else { show(saved) }
  }

  private func show(asJSON saved: Salvage) {
    for note in saved.notes {
      var line = JSONLine()
      withBytes(of: note) { line.append("note", $0) }
      line.finish().withUnsafeBytes { write($0, to: 1) }
    }
    var line = JSONLine()
    line.append("jobs", Int64(saved.jobs))
    line.append("loose_jobs", Int64(saved.looseJobs))
    line.append("functions", Int64(saved.functions))
    line.append("broken_rows", Int64(saved.brokenRows))
    line.append("duplicates", Int64(saved.duplicates))
    line.append("dropped_rows", Int64(saved.droppedRows))
    line.append("damaged_pages", Int64(saved.damagedPages))
    line.append("missing_pages", Int64(saved.missingPages))
    line.finish().withUnsafeBytes { write($0, to: 1) }
  }

  private func show(_ saved: Salvage) {
    var lines = ["\(output): \(saved.jobs) jobs and \(saved.functions) functions saved"]
    let counts = [
      (saved.looseJobs, "jobs of them from pages that nothing led to"),
      (saved.brokenRows, "rows could not be read whole"),
      (saved.duplicates, "jobs left out: another one has their function and name"),
      (saved.droppedRows, "rows left out: their functions had been dropped"),
      (saved.damagedPages, "pages are damaged"), (saved.missingPages, "pages are missing"),
    ]
    lines += counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    lines += saved.notes
    if saved.isComplete { lines.append("nothing is missing, as far as can be told") }
    write(lines.joined(separator: "\n") + "\n", to: 1)
  }
}
