import Glibc
import PeriodicCore
import PeriodicWire

/// Loads a file with a JSON object a line: lists of jobs, several under way, each acknowledged when
/// its jobs are as safe as the server makes them.
final class LineLoad {
  /// Bytes and jobs of one list, and lists that may be under way: enough that neither side waits.
  private static let bytesInList = 1 << 20
  private static let jobsInList = 4096
  private static let listsUnderWay = 4

  private let remote: Remote
  private let name: String
  private let firstLine: Int
  private let skipsBad: Bool
  private var progress = Progress("load")
  private var list = LineList()
  private var line = 0
  private var firstInList: Int
  private var underWay = 0
  /// What ends the load, and whether it left a gap: a list that was not taken.
  private var problem: Failure?
  private var hasGap = false

  /// Jobs and lines that the server has acknowledged, without a gap.
  private(set) var jobs = 0
  private(set) var acknowledged: Int
  private(set) var skipped = 0

  var milliseconds: Int64 { progress.elapsed }

  /// - Parameters:
  ///   - name: the file's, for messages.
  ///   - firstLine: where to begin, counted from 1.
  ///   - skipsBad: passes over lines that are no jobs, and says which.
  init(_ remote: Remote, name: String, firstLine: Int, skipsBad: Bool) {
    self.remote = remote
    self.name = name
    self.firstLine = firstLine
    self.skipsBad = skipsBad
    firstInList = firstLine
    acknowledged = firstLine - 1
  }

  /// Loads what can be read from `file` after `head`.
  ///
  /// Throws the first failure, when everything under way has been answered.
  func run(_ head: [UInt8], _ file: Int32) throws {
    stopOnSignal()
    defer { progress.clear() }
    do {
      try readLines(head, file)
      try send()
    } catch let failure as Failure {
      problem = problem ?? failure
    }
    while underWay > 0 { remote.turn() }
    progress.clear()
    guard let problem else { return }
    throw Failure(
      "\(name): \(problem.message)\nlines 1 to \(acknowledged) are loaded; "
        + "go on with --from-line \(acknowledged + 1)")
  }

  private func readLines(_ head: [UInt8], _ file: Int32) throws {
    let lines = LineFeed()
    try head.withUnsafeBytes { try lines.take($0, take) }
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      try waitForInput(file)
      let count = read(file, &piece, piece.count)
      if count < 0, errno == EINTR {
        try checkSignal()
        continue
      }
      if count < 0 { throw Failure(systemError()) }
      if count == 0 { break }
      try piece.withUnsafeBytes { try lines.take(Bytes(rebasing: $0[..<count]), take) }
    }
    try lines.finish(take)
  }

  /// While nothing can be read, what has been sent is answered, and the connection stays alive.
  private func waitForInput(_ file: Int32) throws {
    while true {
      try checkSignal()
      if let problem { throw problem }
      var wanted = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
      if poll(&wanted, 1, underWay > 0 ? 0 : 1000) != 0, wanted.revents != 0 { return }
      if underWay > 0 { remote.turn() } else { remote.poll() }
    }
  }

  private func take(_ text: Bytes) throws {
    line += 1
    if line < firstLine { return }
    do throws(JobFile.Problem) {
      try list.append(text)
    } catch {
      let problem = Failure("line \(line): \(error.text)")
      if !skipsBad {
        // What stands before the line is loaded, so that one can go on there.
        line -= 1
        try send()
        throw problem
      }
      skipped += 1
      progress.clear()
      printError("periodic: \(name): \(problem.message)")
    }
    if list.byteCount >= LineLoad.bytesInList || list.jobs >= LineLoad.jobsInList { try send() }
  }

  /// Sends the list, when there is room for one more under way.
  private func send() throws {
    let lines = firstInList...max(firstInList, line)
    firstInList = line + 1
    if list.isEmpty, underWay == 0 {
      acknowledged = max(acknowledged, line)
      return
    }
    while underWay >= LineLoad.listsUnderWay { remote.turn() }
    if let problem { throw problem }
    try checkSignal()
    let count = list.jobs
    let last = line
    underWay += 1
    do {
      try remote.startLoad(list.take()) { [self] failure in
        underWay -= 1
        if let failure {
          let place = "lines \(lines.lowerBound) to \(lines.upperBound): "
          hasGap = true
          problem = problem ?? Failure(place + failure.message)
        } else if !hasGap {
          acknowledged = last
          jobs += count
          progress.show("\(jobs) jobs")
        } else {
          jobs += count
        }
      }
    } catch {
      underWay -= 1
      throw error
    }
  }

  private func checkSignal() throws {
    if wasInterrupted != 0 { throw Failure("interrupted") }
  }
}

/// Set by a signal: what is under way is waited for, and the place told. A second one ends at once.
nonisolated(unsafe) private var wasInterrupted: sig_atomic_t = 0

private func stopOnSignal() {
  for number in [SIGINT, SIGTERM, SIGHUP] {
    var action = sigaction()
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
    action.__sigaction_handler.sa_handler = { _ in wasInterrupted = 1 }
    sigaction(number, &action, nil)
  }
}
