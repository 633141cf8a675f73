import Glibc
import PeriodicCore

/// A file that appears when it is complete: written as `PATH.part`, synced, and renamed. After an
/// error or a signal that ends the process nothing is left. `-` is the standard output.
final class PartFile {
  private static let block = 256 << 10

  private let path: String
  private let file: Int32
  private var buffer = ByteBuffer()
  private(set) var count = 0
  private var isOpen = true

  private var part: String { path + ".part" }

  init(_ path: String) throws {
    self.path = path
    if path == "-" {
      file = 1
      return
    }
    file = open(path + ".part", O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard file >= 0 else {
      isOpen = false
      throw Failure("\(path).part: \(systemError())")
    }
    guard flock(file, LOCK_EX | LOCK_NB) == 0, ftruncate(file, 0) == 0 else {
      let isBusy = errno == EWOULDBLOCK
      let problem = isBusy ? "another dump is writing it" : systemError()
      isOpen = false
      close(file)
      throw Failure("\(path).part: \(problem)")
    }
    removeOnSignal(part)
  }

  deinit { giveUp() }

  func append(_ bytes: Bytes) throws {
    buffer.append(bytes)
    if buffer.count >= PartFile.block { try flush() }
  }

  /// Everything has been written.
  func finish() throws {
    try flush()
    if path == "-" { return }
    guard fsync(file) == 0, rename(part, path) == 0 else { throw failed() }
    isOpen = false
    forgetRemoval()
    guard close(file) == 0 else { throw failed() }
  }

  private func flush() throws {
    guard writeAll(buffer.bytes, to: file) else { throw failed() }
    count += buffer.count
    buffer.reset(keeping: 4 << 20)
  }

  private func failed() -> Failure {
    let problem = systemError()
    giveUp()
    return Failure("\(path == "-" ? "standard output" : path): \(problem)")
  }

  private func giveUp() {
    guard isOpen, path != "-" else { return }
    isOpen = false
    unlink(part)
    forgetRemoval()
    close(file)
  }
}

/// What a signal that ends the process removes. Set before the handler is, read by it.
nonisolated(unsafe) private var doomed: UnsafeMutablePointer<CChar>?

private func removeOnSignal(_ path: String) {
  doomed = strdup(path)
  for number in [SIGINT, SIGTERM, SIGHUP] {
    var action = sigaction()
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
    action.__sigaction_handler.sa_handler = { number in
      if let path = doomed { unlink(path) }
      raise(number)
    }
    sigaction(number, &action, nil)
  }
}

private func forgetRemoval() {
  // The text stays: the handler may be reading it.
  doomed = nil
  for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
}
