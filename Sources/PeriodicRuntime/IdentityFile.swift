import Glibc
import PeriodicCore
import PeriodicLoop
import PeriodicServer

/// The file that says who may do what: read at the start, and again when it has changed, which is
/// looked at every second (PROTOCOL 1.4). One that cannot be used leaves the old rules in force.
final class IdentityFile {
  /// What tells one content of a file from another without reading it.
  private struct Mark: Equatable {
    let device: UInt
    let inode: UInt
    let size: Int
    let seconds: Int
    let nanoseconds: Int
  }

  private let loop: Loop
  private let path: String
  private let clientsAdminister: Bool
  private let log: ((LogLevel, String) -> Void)?
  private let changed: (Identities) -> Void
  private var timer: LoopTimer?
  private var content: [UInt8] = []
  /// The content that was looked at last; nil when the file may have changed since without that
  /// its mark tells.
  private var mark: Mark?
  private var problem: String?

  /// Milliseconds between two looks.
  private static let interval: Int64 = 1000
  private static let mostBytes = 16 << 20

  /// Reads the file; `changed` is called with each later content that can be used.
  init(
    _ loop: Loop, _ path: String, clientsAdminister: Bool,
    log: ((LogLevel, String) -> Void)?, changed: @escaping (Identities) -> Void
  ) {
    self.loop = loop
    self.path = path
    self.clientsAdminister = clientsAdminister
    self.log = log
    self.changed = changed
  }

  /// The first reading, after which the file is watched.
  func start() throws(ServerError) -> Identities {
    do throws(Problem) {
      guard let identities = try read() else { throw failure("cannot be read") }
      timer = LoopTimer(loop) { [unowned self] in look() }
      timer?.arm(at: loop.now.monotonic + IdentityFile.interval)
      return identities
    } catch {
      throw .options(error.text)
    }
  }

  private struct Problem: Error {
    let text: String
  }

  private func look() {
    timer?.arm(at: loop.now.monotonic + IdentityFile.interval)
    do throws(Problem) {
      guard let identities = try read() else { return }
      problem = nil
      log?(.info, "\(path): read anew, \(identities.count) identities")
      changed(identities)
    } catch {
      if problem == error.text { return }
      problem = error.text
      log?(.error, "\(error.text); the identities stay as they were")
    }
  }

  /// What the file says now; nil if that is what it said before.
  private func read() throws(Problem) -> Identities? {
    // A pipe in its place must not hold up the loop.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw failure() }
    defer { close(descriptor) }
    var status = stat()
    if fstat(descriptor, &status) != 0 { throw failure() }
    guard status.st_mode & S_IFMT == S_IFREG else { throw failure("is not a file") }
    guard status.st_size <= IdentityFile.mostBytes else {
      throw failure("has \(status.st_size) bytes, \(IdentityFile.mostBytes) are allowed")
    }
    let found = Mark(
      device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size),
      seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    if found == mark { return nil }
    let bytes = try readAll(descriptor)
    // The system's clock for files has steps: two changes within one have the same time.
    let isSettled = loop.now.wall / 1000 > Int64(found.seconds) + 2
    if bytes == content, problem == nil, timer != nil {
      mark = isSettled ? found : nil
      return nil
    }
    let identities = try parse(bytes)
    mark = isSettled ? found : nil
    content = bytes
    return identities
  }

  private func readAll(_ descriptor: Int32) throws(Problem) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count <= IdentityFile.mostBytes {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw failure() }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
    throw failure("grows while it is read")
  }

  private func parse(_ bytes: [UInt8]) throws(Problem) -> Identities {
    let clientsAdminister = clientsAdminister
    let result = bytes.withUnsafeBytes { bytes -> Result<Identities, IdentitiesError> in
      do throws(IdentitiesError) {
        return .success(try Identities(parsing: bytes, clientsAdminister: clientsAdminister))
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let identities): return identities
    case .failure(let error): throw failure("\(error)")
    }
  }

  /// The problem in words; without any, those of the system's last error.
  private func failure(_ words: String? = nil) -> Problem {
    Problem(text: "the identity file \(path): \(words ?? String(cString: strerror(errno)))")
  }
}
