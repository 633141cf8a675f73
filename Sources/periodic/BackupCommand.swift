import ArgumentParser
import Glibc
import PeriodicCore
import PeriodicLoop
import PeriodicWire

struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copy the server's store to a file while it serves.",
    usage: """
      periodic backup FILE [--json]
      periodic backup --cancel
      """,
    discussion: """
      FILE is made on the server's machine, by the server, and must not be there yet. It appears \
      when it is complete and on stable storage, with every job that was acknowledged before; a \
      server can be started with it. Asked for over the server's Unix socket, by its user or root, \
      or by an admin where there is an identity file. A command that is interrupted leaves the \
      backup to the server.
      """)

  /// Milliseconds between two looks at how far it is.
  private static let interval: UInt32 = 50

  @OptionGroup var connection: ServerAddress

  @Argument(help: "The file; from the present directory, unless it begins with a slash.")
  var file: String?
  @Flag(help: "Give up the backup that is running.") var cancel = false
  @Flag(help: "At the end, how it went, as a JSON object on the standard output.")
  var json = false

  func validate() throws {
    if cancel == (file != nil) { throw ValidationError("backup: a file, or --cancel") }
  }

  func run() throws {
    let address = try parseAddress(connection.address())
    guard let file else {
      _ = try ask(address, "DELETE")
      return
    }
    var progress = Progress("backup")
    defer { progress.clear() }
    var request = JSONLine()
    withBytes(of: try absolute(file)) { request.append("path", $0) }
    var state = try ask(address, "POST", request.finish())
    let path = state.path
    while state.phase == .running, state.path == path {
      progress.show("\(state.pagesDone) of \(state.pages) pages")
      usleep(BackupCommand.interval * 1000)
      state = try ask(address, "GET")
    }
    guard state.path == path else {
      throw Failure("backup: the server has begun another one since")
    }
    guard state.phase == .done else { throw Failure("backup: \(problem(of: state))") }
    if json { show(state, progress.elapsed) }
  }

  private func show(_ state: BackupState, _ elapsed: Int64) {
    var line = JSONLine()
    withBytes(of: state.path) { line.append("path", $0) }
    line.append("pages", Int64(state.pages))
    line.append("milliseconds", elapsed)
    line.finish().withUnsafeBytes { write($0, to: 1) }
  }

  private func problem(of state: BackupState) -> String {
    switch state.phase {
    case .failed: state.error ?? "the server gave no reason"
    case .cancelled: "\(state.path) was cancelled"
    default: "the server no longer knows of it: was it started anew?"
    }
  }

  private func ask(
    _ address: Address, _ method: String, _ body: [UInt8] = []
  ) throws -> BackupState {
    let answer = try HTTPStream(
      "backup", address, method, path: "/periodic/backup", body: body,
      credentials: connection.credentials())
    guard let answer else { throw Failure("\(address): is no server that makes backups") }
    let text = try answer.shortBody()
    let state = text.withUnsafeBytes { BackupState(json: $0) }
    switch (answer.status, state) {
    case (200, let state?), (202, let state?): return state
    case (409, let state?): throw Failure("backup: another one is running, to \(state.path)")
    default:
      let told = String(decoding: text, as: UTF8.self)
      throw Failure("backup: the server refused (\(answer.status) \(told))")
    }
  }

  private func absolute(_ path: String) throws -> String {
    if path.hasPrefix("/") { return path }
    guard let directory = getcwd(nil, 0) else {
      throw Failure("the present directory: \(systemError())")
    }
    defer { free(directory) }
    return String(cString: directory) + "/" + path
  }
}
