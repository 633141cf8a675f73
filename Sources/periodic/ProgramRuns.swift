import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop

/// Runs done by a process each: the job's name is its last argument, the workload its standard
/// input.
final class ProgramRuns: RunDoer {
  private final class Run {
    let job: ReceivedJob
    let end: (RunResult) -> Void
    var output: ProgramOutput
    var program: RunningProgram?

    init(_ job: ReceivedJob, _ output: ProgramOutput, _ end: @escaping (RunResult) -> Void) {
      self.job = job
      self.output = output
      self.end = end
    }
  }

  private let plan: WorkerPlan
  private let loop: Loop
  private unowned let worker: WorkerProgram
  private var runs: [JobToken: Run] = [:]

  init(_ plan: WorkerPlan, _ loop: Loop, _ worker: WorkerProgram) {
    self.plan = plan
    self.loop = loop
    self.worker = worker
  }

  /// The worker's slots bound how many run.
  var freePlaces: Int { .max }

  func begin(_ job: ReceivedJob, _ end: @escaping (RunResult) -> Void) {
    if plan.givesName, job.key.name.contains(0) {
      worker.warn(job, "its name has a zero byte, which no argument can have")
      return end(.failed)
    }
    let run = Run(job, ProgramOutput(plan.output), end)
    var arguments = plan.command.map { Array($0.utf8) }
    if plan.givesName { arguments.append(Array(job.key.name)) }
    do {
      run.program = try RunningProgram(
        loop, arguments, input: Array(job.workload), memoryLimit: plan.memoryLimit,
        output: { [unowned self] in take($0, run) },
        ended: { [unowned self] in ended(run, isSuccess: $0) })
    } catch {
      printError("periodic: \(error.message)")
      return end(.failed)
    }
    runs[job.token] = run
    run.program?.limit(milliseconds: plan.milliseconds(for: job))
  }

  func finish(_ done: @escaping () -> Void) { done() }

  func killAll() {
    for run in runs.values { run.program?.kill(SIGKILL) }
  }

  private func take(_ bytes: Bytes, _ run: Run) {
    run.output.take(
      bytes, data: { worker.send($0, of: run.job.token) },
      passOn: { $0.withUnsafeBytes { write($0, to: 1) } })
  }

  private func ended(_ run: Run, isSuccess: Bool) {
    runs[run.job.token] = nil
    if let violation = run.program?.violation { worker.warn(run.job, "stopped: \(violation)") }
    let said = run.output.finish(isSuccess: isSuccess) { worker.send($0, of: run.job.token) }
    if run.output.isOverLimit {
      worker.warn(run.job, "it printed more than \(ProgramOutput.limit) bytes")
    }
    said.passedOn.withUnsafeBytes { write($0, to: 1) }
    run.program = nil
    run.end(said.result)
  }
}
