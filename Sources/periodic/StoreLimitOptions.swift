import ArgumentParser
import PeriodicCore

/// How much a daemon keeps: docs/limits.md has all its bounds.
struct StoreLimitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Jobs that are kept at most; what is new is refused then.", valueName: "jobs"))
  var maxJobs: Int?

  @Option(
    help: ArgumentHelp(
      "Bytes of all names and workloads that are kept at most; no limit if not given.",
      valueName: "bytes"))
  var maxBytes: Int?

  @Option(help: ArgumentHelp("The same for each function.", valueName: "jobs"))
  var maxFunctionJobs: Int?

  @Option(help: ArgumentHelp("The same for each function.", valueName: "bytes"))
  var maxFunctionBytes: Int?

  @Option(
    help: ArgumentHelp(
      "MiB of workloads that a server with a store file keeps in memory.",
      discussion: """
        Beyond it, and for jobs that are due later than in ten seconds, only the name and the time \
        are in memory; the rest is read back before their turn.
        """, valueName: "MiB"))
  var cache: Int = Limits().cacheBytes >> 20

  func validate() throws {
    for (name, value) in [
      ("--max-jobs", maxJobs), ("--max-bytes", maxBytes),
      ("--max-function-jobs", maxFunctionJobs), ("--max-function-bytes", maxFunctionBytes),
    ] {
      if let value, value < 1 { throw ValidationError("\(name) \(value): at least 1") }
    }
    guard (0...1 << 20).contains(cache) else {
      throw ValidationError("--cache \(cache): from 0 to \(1 << 20) MiB")
    }
  }

  func set(in limits: inout Limits) {
    if let maxJobs { limits.jobs = maxJobs }
    if let maxBytes { limits.bytes = maxBytes }
    if let maxFunctionJobs { limits.functionJobs = maxFunctionJobs }
    if let maxFunctionBytes { limits.functionBytes = maxFunctionBytes }
    limits.cacheBytes = cache << 20
  }
}
