import Glibc
import PeriodicCore
import PeriodicLoop

/// A program that works on a job, within its time and its memory: a process group of its own, which
/// hears SIGTERM when it passes a limit and is killed when it does not end then.
final class RunningProgram {
  /// Milliseconds between SIGTERM and SIGKILL.
  static let grace: Int64 = 5_000
  /// Milliseconds between two looks at the memory.
  private static let memoryInterval: Int64 = 1_000

  private let loop: Loop
  private let memoryLimit: Int
  private var child: ChildProcess?
  /// The number of its process group.
  private var id: Int32 = 0
  private var timer: LoopTimer?
  private var memoryTimer: LoopTimer?
  /// What it was stopped for, if it was.
  private(set) var violation: String?

  /// - Parameter ended: called once, after the last output, with whether it ended well.
  init(
    _ loop: Loop, _ arguments: [[UInt8]], input: [UInt8] = [], keepsInput: Bool = false,
    memoryLimit: Int, output: @escaping (Bytes) -> Void, ended: @escaping (Bool) -> Void
  ) throws(LoopError) {
    self.loop = loop
    self.memoryLimit = memoryLimit
    child = try ChildProcess(
      loop, arguments, input: input, keepsInput: keepsInput, output: output,
      ended: { [unowned self] exit in
        // Of a program that was stopped nobody stays behind, not even who ignores SIGTERM.
        if violation != nil, id > 0 { _ = Glibc.kill(-id, SIGKILL) }
        child = nil
        timer = nil
        memoryTimer = nil
        ended(exit.isSuccess && violation == nil)
      })
    id = child?.id ?? 0
    guard memoryLimit > 0 else { return }
    memoryTimer = LoopTimer(loop) { [unowned self] in checkMemory() }
    memoryTimer?.arm(at: loop.now.monotonic + RunningProgram.memoryInterval)
  }

  /// Sets the time that is left to it, from now; `nil` is no limit.
  func limit(milliseconds: Int64?) {
    if violation != nil { return }
    timer = nil
    guard let milliseconds else { return }
    timer = LoopTimer(loop) { [unowned self] in
      stop(because: "it took longer than \(milliseconds / 1000) s")
    }
    timer?.arm(at: loop.now.monotonic.addingSaturated(milliseconds))
  }

  func send(_ bytes: [UInt8]) { child?.send(bytes) }
  func closeInput() { child?.closeInput() }
  func kill(_ signal: Int32) { child?.kill(signal) }

  /// SIGTERM, and SIGKILL if that does not help.
  func stop(because reason: String) {
    guard violation == nil else { return }
    violation = reason
    kill(SIGTERM)
    timer = LoopTimer(loop) { [unowned self] in kill(SIGKILL) }
    timer?.arm(at: loop.now.monotonic + RunningProgram.grace)
  }

  private func checkMemory() {
    guard let child else { return }
    let resident = residentBytes(ofGroup: child.id)
    if resident > memoryLimit {
      return stop(because: "it has \(resident) bytes of memory; the limit is \(memoryLimit)")
    }
    memoryTimer?.arm(at: loop.now.monotonic + RunningProgram.memoryInterval)
  }
}

/// The resident memory of all processes of a group, as `/proc` has it.
func residentBytes(ofGroup group: Int32) -> Int {
  guard let directory = opendir("/proc") else { return 0 }
  defer { closedir(directory) }
  var pages = 0
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    guard name.first?.isNumber == true else { continue }
    let file = open("/proc/\(name)/stat", O_RDONLY | O_CLOEXEC)
    // A process that has just ended.
    guard file >= 0 else { continue }
    defer { close(file) }
    guard let text = readAll(file) else { continue }
    // After the program's name in parentheses, which may hold anything: state, parent, group, and
    // as the 22nd of these the resident pages.
    let nameEnd = text.lastIndex(of: UInt8(ascii: ")")) ?? 0
    let fields = text[nameEnd...].split(separator: UInt8(ascii: " ")).dropFirst()
      .map { String(decoding: $0, as: UTF8.self) }
    if fields.count > 21, Int32(fields[2]) == group { pages += Int(fields[21]) ?? 0 }
  }
  return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
}
