import CFork
import Glibc
import PeriodicStore

/// Holds a store for this process alone, by a lock on a file beside it that names the holder.
///
/// The lock is the `fcntl` kind: the kernel frees it with the process, however that ends, and a
/// child made by `fork` does not have it. That kind keeps no two owners in one process apart, and
/// is lost when the process closes *any* descriptor of the file; so a table of this process's locks
/// is looked at first, and a file that is in it is never opened a second time.
final class StoreLock {
  private let path: String
  private let file: Int32
  private let entry: Entry

  /// Takes the lock, or throws `.busy` with the number of the process that has it.
  init(_ path: String) throws(StoreError) {
    self.path = path
    periodic_fork_lock(PERIODIC_LOCK_STORES)
    defer { periodic_fork_unlock(PERIODIC_LOCK_STORES) }
    try StoreLock.refuseSecond(path)
    file = try StoreLock.take(path)
    var status = stat()
    fstat(file, &status)
    entry = Entry(
      process: getpid(), path: path, device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    StoreLock.held.append(entry)
    // For people and for the refusals of others; the lock itself is what counts.
    let text = "\(getpid())\n"
    if ftruncate(file, 0) != 0 || pwrite(file, text, text.utf8.count, 0) < 0 {
      let failure = StoreError(system: errno, path, "write")
      giveBack()
      throw failure
    }
  }

  /// Gives the lock back and removes its file.
  func release() {
    periodic_fork_lock(PERIODIC_LOCK_STORES)
    defer { periodic_fork_unlock(PERIODIC_LOCK_STORES) }
    giveBack()
  }

  private func giveBack() {
    StoreLock.held.removeAll { $0 == entry }
    // Removed while it is still locked: who opened it before notices below, in `isCurrent`.
    unlink(path)
    close(file)
  }

  private struct Entry: Equatable {
    var process: pid_t
    var path: String
    var device: UInt64
    var inode: UInt64
  }

  /// The locks of this process, and, after a `fork`, those that its parent had. Guarded by a lock
  /// that is kept for the length of an open or a close of a lock file.
  nonisolated(unsafe) private static var held: [Entry] = []

  private static func refuseSecond(_ path: String) throws(StoreError) {
    var status = stat()
    let isThere = stat(path, &status) == 0
    let process = getpid()
    for entry in held where entry.process == process {
      let isSame =
        isThere && entry.device == UInt64(status.st_dev) && entry.inode == UInt64(status.st_ino)
      if isSame || entry.path == path {
        throw StoreError(.busy, "\(path): held by another server of this process (\(process))")
      }
    }
  }

  private static func take(_ path: String) throws(StoreError) -> Int32 {
    while true {
      let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
      if file < 0 { throw StoreError(system: errno, path, "open the lock file") }
      var lock = wholeFile
      if fcntl(file, F_SETLK, &lock) != 0 {
        let failure = refusal(path, file, errno)
        close(file)
        throw failure
      }
      if isCurrent(path, file) { return file }
      close(file)
    }
  }

  /// Whether the locked file is the one that the path names, not one that its holder just removed.
  private static func isCurrent(_ path: String, _ file: Int32) -> Bool {
    var mine = stat()
    var named = stat()
    return fstat(file, &mine) == 0 && stat(path, &named) == 0
      && mine.st_dev == named.st_dev && mine.st_ino == named.st_ino
  }

  private static func refusal(_ path: String, _ file: Int32, _ code: Int32) -> StoreError {
    guard code == EAGAIN || code == EACCES else { return StoreError(system: code, path, "lock") }
    var lock = wholeFile
    // The kernel gives no number for a holder in another container; the file has what it wrote.
    if fcntl(file, F_GETLK, &lock) == 0, Int32(lock.l_type) != F_UNLCK, lock.l_pid > 0 {
      return StoreError(.busy, "\(path): held by process \(lock.l_pid)")
    }
    return StoreError(
      .busy,
      "\(path): held by process \(written(in: file) ?? "(unknown)"), which is in another container "
        + "or on another machine")
  }

  private static func written(in file: Int32) -> String? {
    withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { bytes in
      let count = pread(file, bytes.baseAddress, bytes.count, 0)
      let digits = bytes.prefix(max(0, count))
        .prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
      return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
    }
  }

  private static var wholeFile: flock {
    flock(l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
  }
}
