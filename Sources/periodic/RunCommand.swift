import ArgumentParser
import PeriodicCore
import PeriodicRuntime

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a job and wait for its result; or work: run a program for each job.",
    usage: """
      periodic run FUNC NAME [-w DATA|@FILE|-] [--timeout S]
      periodic run -f FUNC --exec CMD [options of periodic-run]
      """,
    discussion: """
      FUNC NAME: prints `Data: X` for each piece of data that the worker sends, then `Result: X`; \
      status 1 if nobody can do the function or the job failed.

      -f FUNC --exec CMD: the program gets the job's name as its last argument and the workload on \
      its standard input. What it prints is passed on, except lines that begin with a word for us: \
      SCHED_LATER n (run again in n seconds), FAIL, DONE. Without one of them the job is done when \
      the program ends with status 0, and failed otherwise. With --data or --work-data what it \
      prints is the result instead; with --pipe the program stays, as with periodic-run-pipe.
      """)

  @OptionGroup var connection: ServerAddress

  @Argument(help: "The function and the name of a job to run.") var positional: [String] = []
  @Option(
    name: [.customShort("w"), .long], parsing: .unconditional,
    help: "The workload: text, @FILE for a file's content, - for the standard input.")
  var workload: String?
  @Flag(help: "A JSON object for each piece and for the result, a line each.") var json = false

  @Option(name: .customShort("f"), help: "The function to work on.") var function: String?
  @Option(
    name: .customLong("exec"),
    help: ArgumentHelp(
      "The program and its first arguments, split at blanks; there is no quoting and no shell.",
      valueName: "command"))
  var command: String?
  @Option(
    name: [.customShort("t"), .long], parsing: .unconditional,
    help: ArgumentHelp(
      "Seconds that a run may take.",
      discussion: """
        Default: 10 for FUNC NAME. To work: 0, never stopped; -1 is the job's time limit.
        """,
      valueName: "seconds"))
  var timeout: Int64?

  @OptionGroup(title: "Working") var options: WorkerOptions
  @Flag(help: "To work: what the program prints is the job's result.") var data = false
  @Flag(help: "To work: the program speaks in lines, WORKDATA x and WORKDONE x.")
  var workData = false
  @Flag(help: "To work: the program stays, and gets a line for each job.") var pipe = false
  @Option(
    help: ArgumentHelp(
      "With --pipe: seconds to say that it is ready; 0: for ever.", valueName: "seconds"))
  var readyTimeout: Int64 = 10

  /// Seconds, as the older tool has it (PROTOCOL 4.3).
  private static let ordinaryTimeout: Int64 = 10

  func validate() throws {
    if positional.isEmpty {
      try JobName.check(function ?? "", "function")
      if (command ?? "").isEmpty {
        throw ValidationError("FUNC NAME to run a job; or -f FUNC and --exec CMD to work")
      }
      if workload != nil { throw ValidationError("--workload goes with FUNC NAME") }
      _ = try plan()
      return
    }
    guard positional.count == 2, function == nil, command == nil else {
      throw ValidationError("one function and one name: FUNC NAME; or -f FUNC and --exec CMD")
    }
    _ = try JobName(function: positional[0], name: positional[1])
    if let timeout, !(0...Int64(Int32.max)).contains(timeout) {
      throw ValidationError("--timeout \(timeout): from 0 to \(Int32.max) seconds")
    }
  }

  func run() throws {
    guard positional.isEmpty else { return try runJob() }
    let plan = try plan()
    try WorkerProgram(plan, at: connection).run {
      pipe ? PipeRuns(plan, $0, $1) as any RunDoer : ProgramRuns(plan, $0, $1)
    }
  }

  private func plan() throws -> WorkerPlan {
    let words = (command ?? "").split(separator: " ", omittingEmptySubsequences: false)
    var plan = WorkerPlan(function: function ?? "", command: words.map(String.init))
    try options.apply(to: &plan)
    plan.output = workData ? .lines : data ? .result : .script
    plan.timeLimit = try WorkerOptions.timeLimit(timeout ?? 0)
    plan.readySeconds = try WorkerPlan.readySeconds(readyTimeout)
    if pipe { plan.greeting = "Pipe Worker started." }
    return plan
  }

  private func runJob() throws {
    let content = try workload.map(periodic.workload) ?? []
    let job = Job(
      positional[0], positional[1], workload: content,
      timeout: Int32(timeout ?? RunCommand.ordinaryTimeout))
    let output = DataOutput(json: json)
    let result = try Remote(connection).run(job) { output.show("Data", $0) }
    guard let result else {
      print("Error: Run job failed")
      throw ExitCode(1)
    }
    output.show("Result", result)
    // What the server says in place of a result; a true result that reads so looks the same.
    let words = ["failed", "expired", "removed"].map { Array($0.utf8) }
    if words.contains(result) { throw ExitCode(1) }
  }
}
