import ArgumentParser

struct SubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Submit a job, or replace the waiting one of the same name.",
    usage: """
      periodic submit FUNC NAME [-w DATA|@FILE|-] [--later S] [--timeout S]
      periodic submit -f FUNC -n NAME [--args DATA] [--sched_later S] [-t S]
      """,
    discussion: """
      A submit that got no answer can be repeated safely: same name, same job. The form with -f \
      and -n prints SUCCESS.
      """)

  @OptionGroup var connection: ServerAddress

  @Argument(help: "The function.") var positional: [String] = []
  @Option(name: .customShort("f"), parsing: .unconditional, help: "The function.") var function:
    String?
  @Option(name: .customShort("n"), parsing: .unconditional, help: "The job's name.") var name:
    String?
  @Option(
    name: .customLong("args"), parsing: .unconditional, help: "The workload, as it is.")
  var arguments: String?
  @Option(
    name: [.customShort("w"), .long], parsing: .unconditional,
    help: "The workload: text, @FILE for a file's content, - for the standard input.")
  var workload: String?
  @Option(
    name: [.customLong("later"), .customLong("sched_later")],
    help: ArgumentHelp("Run in so many seconds.", valueName: "seconds"))
  var later: Int64 = 0
  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp("Seconds a run may take.", valueName: "seconds"))
  var timeout: Int32 = 0

  /// A hundred years.
  static let longestDelay: Int64 = 100 * 366 * 86_400

  func validate() throws {
    guard (0...SubmitCommand.longestDelay).contains(later) else {
      throw ValidationError("--later \(later): from 0 to \(SubmitCommand.longestDelay) seconds")
    }
    if timeout < 0 { throw ValidationError("--timeout \(timeout): less than none") }
    if arguments != nil, workload != nil {
      throw ValidationError("--args and --workload are the same; give one")
    }
    _ = try job()
  }

  func run() throws {
    let job = try job()
    let content = try arguments.map { Array($0.utf8) } ?? workload.map(periodic.workload) ?? []
    let remote = try Remote(connection)
    try remote.submit(
      job, workload: content, scheduledAt: later == 0 ? 0 : currentSeconds() + later,
      timeout: timeout)
    if positional.isEmpty { print("SUCCESS") }
  }

  private func job() throws -> JobName {
    if positional.isEmpty {
      guard let function, let name else {
        throw ValidationError("a job needs a function and a name: FUNC NAME, or -f and -n")
      }
      return try JobName(function: function, name: name)
    }
    guard positional.count == 2, function == nil, name == nil else {
      throw ValidationError("one function and one name: FUNC NAME, or -f and -n")
    }
    return try JobName(function: positional[0], name: positional[1])
  }
}
