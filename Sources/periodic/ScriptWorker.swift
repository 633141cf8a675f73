import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// A worker that runs a program for each job, one at a time (PROTOCOL 4.2).
///
/// SIGTERM, SIGINT and SIGHUP end it when the running job has been reported; a second one ends it
/// at once, and the server gives the job to somebody else.
final class ScriptWorker {
  /// What a program may print for one job.
  private static let outputLimit = 64 << 20

  private let function: String
  private let command: [String]
  private let address: Address
  private let loop: Loop
  private let worker: Worker
  private var signals: [SignalWatcher] = []
  private var child: ChildProcess?
  private var output: [UInt8] = []
  private var isEnding = false
  private var registrationFailure: Failure?
  private var wasLost = false

  init(function: String, command: [String], address: Address) throws {
    self.function = function
    self.command = command
    self.address = address
    loop = try Loop()
    var options = ConnectionOptions()
    options.maximumReconnectDelay = 5000
    worker = Worker(loop, to: address, slots: 1, options: options)
  }

  func run() throws {
    for signal in [SIGTERM, SIGINT, SIGHUP] {
      signals.append(try SignalWatcher(loop, signal: signal) { [unowned self] in end() })
    }
    worker.onJobs = { [unowned self] in takeJob() }
    worker.onStateChange = { [unowned self] state in report(state) }
    try register()
    loop.run()
    worker.close()
    if let registrationFailure { throw registrationFailure }
  }

  private func register() throws {
    do {
      try withBytes(of: function) { name in
        _ = try worker.canDo(
          function: name, .call { [unowned self] in registered($0) }, timeout: .max)
      }
    } catch {
      throw Failure("\(function): \((error as? RequestError)?.text ?? "\(error)")")
    }
  }

  private func registered(_ outcome: Outcome) {
    if outcome == .success || outcome == .cancelled { return }
    registrationFailure = Failure("the server refuses the function \(function)")
    loop.stop()
  }

  private func report(_ state: ConnectionState) {
    switch state {
    case .waiting:
      if !wasLost { printError("periodic: \(address): \(lossText); trying again") }
      wasLost = true
    case .ready:
      if wasLost { printError("periodic: \(address): connected") }
      wasLost = false
    default: break
    }
  }

  private var lossText: String { worker.lastLossText ?? "no connection" }

  private func takeJob() {
    guard child == nil, let job = worker.next() else { return }
    output = []
    guard !job.key.name.contains(0) else {
      printError("periodic: a job's name has a zero byte, which no argument can have")
      return finish(job.token, as: .fail)
    }
    do {
      child = try ChildProcess(
        loop, command.map { Array($0.utf8) } + [Array(job.key.name)], input: Array(job.workload),
        output: { [unowned self] in collect($0) },
        ended: { [unowned self] in ended($0, job.token) })
    } catch {
      printError("periodic: \(error.message)")
      finish(job.token, as: .fail)
    }
  }

  private func collect(_ bytes: Bytes) {
    if output.count + bytes.count <= ScriptWorker.outputLimit {
      output += bytes
    } else if output.count < ScriptWorker.outputLimit {
      output += bytes.prefix(ScriptWorker.outputLimit - output.count)
      printError("periodic: the program printed more than \(ScriptWorker.outputLimit) bytes")
    }
  }

  private func ended(_ exit: ChildProcess.Exit, _ job: JobToken) {
    child = nil
    let said = ScriptOutput(output)
    said.passedOn.withUnsafeBytes { write($0, to: 1) }
    finish(job, as: said.outcome(exitStatus: exit.isSuccess ? 0 : 1))
    takeJob()
  }

  private func finish(_ job: JobToken, as outcome: ScriptOutcome) {
    do {
      switch outcome {
      case .done: try worker.done(job)
      case .fail: try worker.fail(job)
      case .later(let seconds): try worker.later(job, delay: seconds)
      }
    } catch {
      printError("periodic: the job's end cannot be reported: \(error.text)")
    }
  }

  /// The first signal lets the job finish, the second does not.
  private func end() {
    guard !isEnding else {
      child?.kill(SIGKILL)
      return loop.stop()
    }
    isEnding = true
    do {
      try worker.drain(.call { [unowned self] _ in loop.stop() }, timeout: .max)
    } catch {
      loop.stop()
    }
  }
}
