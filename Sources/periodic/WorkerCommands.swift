import ArgumentParser

/// The program `periodic-run`: a process for each job (PROTOCOL 4.3).
struct ProgramWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "periodic-run",
    abstract: "Work: run a program for each job of a function.",
    usage: "periodic-run [options] FUNC CMD [ARGS...]",
    discussion: """
      The program gets the job's name as its last argument and the workload on its standard input. \
      The job is done when it ends with status 0, and failed otherwise.
      """,
    version: Periodic.version)

  @OptionGroup var connection: ServerAddress
  @OptionGroup(title: "Working") var options: WorkerOptions

  @Flag(help: "What the program prints is the job's result; otherwise it is passed on.")
  var data = false

  @Flag(
    help: ArgumentHelp(
      "The program speaks in lines.",
      discussion: """
        WORKDATA x sends x to whoever listens, WORKDONE x makes x the result; without one the \
        other lines are.
        """))
  var workData = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Seconds after which a run is stopped; -1: the job's time limit; 0: never.",
      valueName: "seconds"))
  var timeout: Int64 = -1

  @Argument(help: "The function, the program, and its first arguments.") var words: [String] = []

  func validate() throws {
    _ = try plan()
  }

  func run() throws {
    let plan = try plan()
    try WorkerProgram(plan, at: connection).run { ProgramRuns(plan, $0, $1) }
  }

  private func plan() throws -> WorkerPlan {
    var plan = try WorkerPlan(words: words)
    try options.apply(to: &plan)
    plan.output = workData ? .lines : data ? .result : .inherited
    plan.timeLimit = try WorkerOptions.timeLimit(timeout)
    plan.greeting = "Worker started."
    return plan
  }
}

/// The program `periodic-run-pipe`: processes that stay (PROTOCOL 4.3).
struct PipeWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "periodic-run-pipe",
    abstract: "Work: give the jobs of a function to processes that stay.",
    usage: "periodic-run-pipe [options] FUNC CMD [ARGS...]",
    discussion: """
      A process prints a line when it is ready. For each job it gets a line, a number and the \
      job's name, and answers with lines that begin with that number: WORKDATA x (data, any \
      number of times), then WORKDONE x, WORKFAIL, or just x, the result. Other lines are passed \
      on.
      """,
    version: Periodic.version)

  @OptionGroup var connection: ServerAddress
  @OptionGroup(title: "Working") var options: WorkerOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Seconds after which a job's process is stopped; -1: the job's time limit; 0: never.",
      valueName: "seconds"))
  var timeout: Int64 = -1

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Seconds for a process to say that it is ready; 0: for ever.", valueName: "seconds"))
  var readyTimeout: Int64 = 10

  @Argument(help: "The function, the program, and its arguments.") var words: [String] = []

  func validate() throws {
    _ = try plan()
  }

  func run() throws {
    let plan = try plan()
    try WorkerProgram(plan, at: connection).run { PipeRuns(plan, $0, $1) }
  }

  private func plan() throws -> WorkerPlan {
    var plan = try WorkerPlan(words: words)
    try options.apply(to: &plan)
    plan.timeLimit = try WorkerOptions.timeLimit(timeout)
    plan.readySeconds = try WorkerPlan.readySeconds(readyTimeout)
    plan.greeting = "Pipe Worker started."
    return plan
  }
}

extension WorkerPlan {
  fileprivate init(words: [String]) throws {
    guard words.count >= 2 else { throw ValidationError("a function and a program: FUNC CMD") }
    try JobName.check(words[0], "function")
    self.init(function: words[0], command: Array(words[1...]))
  }

  static func readySeconds(_ seconds: Int64) throws -> Int64 {
    guard (0...SubmitCommand.longestDelay).contains(seconds) else {
      throw ValidationError("--ready-timeout \(seconds): 0 or more seconds")
    }
    return seconds
  }
}
