import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop

/// Runs done by processes that stay: each says a line when it is ready, gets a line `ID TEXT` for a
/// job, and answers with lines that begin with that ID (PROTOCOL 4.3).
final class PipeRuns: RunDoer {
  /// Milliseconds before a process that ended is started again.
  private static let restartDelay: Int64 = 1_000

  private final class Process {
    var program: RunningProgram?
    var lines = LineSplitter()
    var isReady = false
    var timer: LoopTimer?
    /// The run that it works on, under the number that it was given.
    var run: (id: UInt64, job: ReceivedJob, end: (RunResult) -> Void)?
  }

  private let plan: WorkerPlan
  private let loop: Loop
  private unowned let worker: WorkerProgram
  private var processes: [Process] = []
  /// Jobs whose process was lost while they waited for their lock.
  private var waiting: [(job: ReceivedJob, end: (RunResult) -> Void)] = []
  private var lastID: UInt64 = 0
  private var whenFinished: (() -> Void)?

  init(_ plan: WorkerPlan, _ loop: Loop, _ worker: WorkerProgram) {
    self.plan = plan
    self.loop = loop
    self.worker = worker
    for _ in 0..<plan.threads { processes.append(Process()) }
    for process in processes { start(process) }
  }

  var freePlaces: Int {
    processes.count { $0.isReady && $0.run == nil } - waiting.count
  }

  func begin(_ job: ReceivedJob, _ end: @escaping (RunResult) -> Void) {
    let text = plan.givesName ? job.key.name : job.workload
    if text.contains(UInt8(ascii: "\n")) {
      worker.warn(job, "it has more than a line, and a process gets one")
      return end(.failed)
    }
    guard let process = processes.first(where: { $0.isReady && $0.run == nil }) else {
      waiting.append((job, end))
      return
    }
    lastID += 1
    process.run = (lastID, job, end)
    process.program?.limit(milliseconds: plan.milliseconds(for: job))
    process.program?.send(Array("\(lastID) ".utf8) + Array(text) + [UInt8(ascii: "\n")])
  }

  /// The end of their input tells processes to end; one that does not is stopped.
  func finish(_ done: @escaping () -> Void) {
    whenFinished = done
    for process in processes {
      process.timer = nil
      process.program?.closeInput()
      process.program?.limit(milliseconds: RunningProgram.grace)
    }
    finishIfEmpty()
  }

  func killAll() {
    for process in processes { process.program?.kill(SIGKILL) }
  }

  private func start(_ process: Process) {
    process.timer = nil
    process.isReady = false
    process.lines = LineSplitter()
    do {
      process.program = try RunningProgram(
        loop, plan.command.map { Array($0.utf8) }, keepsInput: true,
        memoryLimit: plan.memoryLimit,
        output: { [unowned self] in take($0, process) },
        ended: { [unowned self] _ in ended(process) })
    } catch {
      printError("periodic: \(error.message)")
      return startLater(process)
    }
    guard plan.readySeconds > 0 else { return }
    process.timer = LoopTimer(loop) { [unowned process] in
      process.program?.stop(because: "it did not say that it is ready")
    }
    process.timer?.arm(at: loop.now.monotonic + plan.readySeconds * 1000)
  }

  private func startLater(_ process: Process) {
    process.timer = LoopTimer(loop) { [unowned self, unowned process] in start(process) }
    process.timer?.arm(at: loop.now.monotonic + PipeRuns.restartDelay)
  }

  private func take(_ bytes: Bytes, _ process: Process) {
    var lines: [[UInt8]] = []
    process.lines.take(bytes) { lines.append(Array($0)) }
    for line in lines { take(line, process) }
  }

  private func take(_ line: [UInt8], _ process: Process) {
    guard process.isReady else {
      process.isReady = true
      process.timer = nil
      if waiting.isEmpty { return worker.takeJobs() }
      let next = waiting.removeFirst()
      return begin(next.job, next.end)
    }
    guard let run = process.run, let said = line[...].after("\(run.id)") else {
      return (line + [UInt8(ascii: "\n")]).withUnsafeBytes { write($0, to: 1) }
    }
    if let data = said.after("WORKDATA") {
      worker.send(Array(data), of: run.job.token)
    } else if said.after("WORKFAIL") != nil {
      end(process, run.end, .failed)
    } else {
      end(process, run.end, .done(Array(said.after("WORKDONE") ?? said)))
    }
  }

  private func end(_ process: Process, _ end: (RunResult) -> Void, _ result: RunResult) {
    process.run = nil
    process.program?.limit(milliseconds: nil)
    end(result)
  }

  private func ended(_ process: Process) {
    if let violation = process.program?.violation, whenFinished == nil {
      printError("periodic: a process of \(plan.function) was stopped: \(violation)")
    }
    process.program = nil
    process.isReady = false
    let run = process.run
    process.run = nil
    if whenFinished == nil { startLater(process) }
    run?.end(.failed)
    finishIfEmpty()
  }

  private func finishIfEmpty() {
    guard let done = whenFinished, processes.allSatisfy({ $0.program == nil }) else { return }
    whenFinished = nil
    done()
  }
}
