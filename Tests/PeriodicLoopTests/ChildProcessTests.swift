import Glibc
import PeriodicCore
import PeriodicLoop
import Testing

@Suite(.serialized) struct `A child process` {
  let bench: LoopBench

  init() throws { bench = try LoopBench() }

  private func run(
    _ arguments: [String], environment: [String]? = nil, input: [UInt8] = [],
    started: (ChildProcess) -> Void = { _ in }
  ) throws -> (output: [UInt8], exit: ChildProcess.Exit?) {
    var output: [UInt8] = []
    var exit: ChildProcess.Exit?
    let child = try ChildProcess(
      bench.loop, arguments.map { Array($0.utf8) }, environment: environment, input: input,
      output: { output.append(contentsOf: $0) }, ended: { exit = $0 })
    started(child)
    bench.run { exit != nil }
    return (output, exit)
  }

  @Test func `gets its input, and its output comes before its end`() throws {
    let input = [UInt8](repeating: 0x61, count: 1_000_000)
    let (output, exit) = try run(["cat"], input: input)
    #expect(output == input)
    #expect(exit?.isSuccess == true)
  }

  @Test func `reports its exit status`() throws {
    let (_, exit) = try run(["sh", "-c", "exit 7"])
    #expect(exit == ChildProcess.Exit(status: 7, signal: 0))
  }

  @Test func `may leave its input unread`() throws {
    let (output, exit) = try run(
      ["sh", "-c", "exec <&-; echo done"], input: [UInt8](repeating: 0, count: 1_000_000))
    #expect(output == Array("done\n".utf8))
    #expect(exit?.isSuccess == true)
  }

  @Test func `is killed with its whole group`() throws {
    let (output, exit) = try run(["sh", "-c", "sleep 600 & sleep 600"]) { $0.kill(SIGKILL) }
    #expect(output.isEmpty)
    #expect(exit?.signal == SIGKILL)
  }

  @Test func `sees the environment that it was given`() throws {
    let (output, _) = try run(["/usr/bin/env"], environment: ["ONLY=this"])
    #expect(output == Array("ONLY=this\n".utf8))
  }

  @Test func `that cannot be started is an error that names it`() {
    let error = #expect(throws: LoopError.self) { try run(["/nonexistent/program"]) }
    #expect(error?.message == "start /nonexistent/program: no such file or directory")
  }
}

@Suite(.serialized) struct `A signal watcher` {
  @Test func `brings a signal into the loop`() throws {
    let bench = try LoopBench()
    var received = 0
    let watcher = try SignalWatcher(bench.loop, signal: SIGUSR2) { received += 1 }
    kill(getpid(), SIGUSR2)
    bench.run { received == 1 }
    watcher.close()
  }
}
