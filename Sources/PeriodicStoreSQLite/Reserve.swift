import Glibc
import PeriodicStore

/// A file beside the store that takes up room while there is some, to be given up when there is
/// none left: what ends and removes jobs can then still be written.
///
/// It stays when the store is closed, because opening a store on a full disk needs room too.
/// Anybody may delete it; the store makes it again when it can.
final class Reserve {
  /// Beside the store `path`: `path.reserve`.
  let path: String
  /// How large it is; 0 is none.
  let size: Int

  init(beside path: String, size: Int) {
    self.path = path + ".reserve"
    self.size = size
  }

  /// Bytes that it takes up; 0 if there is none.
  var bytes: Int {
    var status = stat()
    let isFile = lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    return isFile ? Int(status.st_size) : 0
  }

  /// Makes it, or makes sure of it, if there is as much room again beside it: otherwise the next
  /// jobs would find the disk full because of it.
  func make() throws(StoreError) {
    if size == 0 { return }
    let before = min(bytes, size)
    // Never through a link: what it points to is not ours to resize.
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    if file < 0 { throw StoreError(system: errno, path, "open the reserve") }
    defer { close(file) }
    var code: Int32
    repeat { code = posix_fallocate(file, 0, off_t(2 * size)) } while code == EINTR
    // What it had before stays its own.
    if ftruncate(file, off_t(code == 0 ? size : before)) != 0, code == 0 { code = errno }
    if code == 0 { return }
    if before == 0 { unlink(path) }
    throw StoreError(system: code, path, "keep \(2 * size) bytes free")
  }

  /// Gives the room back to the file system.
  ///
  /// - Returns: whether there was any.
  func giveUp() -> Bool { bytes > 0 && unlink(path) == 0 }
}
