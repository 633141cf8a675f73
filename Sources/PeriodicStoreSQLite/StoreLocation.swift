import Glibc
import PeriodicStore

/// Where a store's files are: one name for one file, however it was written.
struct StoreLocation {
  /// Absolute, with links resolved.
  let path: String
  /// Whether the file is there already.
  let exists: Bool

  init(_ given: String) throws(StoreError) {
    if given.isEmpty || given.utf8.contains(0) {
      throw StoreError(.denied, "the store's path is empty or has a NUL byte")
    }
    if let resolved = StoreLocation.resolve(given) {
      path = resolved
      exists = true
      try checkKind()
    } else if errno == ENOENT, !StoreLocation.isLink(given) {
      path = try StoreLocation.inItsDirectory(given)
      exists = false
    } else {
      throw StoreError(system: errno, given, "look up")
    }
  }

  var lockPath: String { path + ".lock" }

  var isEmpty: Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_size == 0
  }

  /// When the file or its write-ahead log was last written: milliseconds since 1970.
  var lastWritten: Int64? {
    [path, path + "-wal"].compactMap { path -> Int64? in
      var status = stat()
      guard stat(path, &status) == 0, status.st_size > 0 else { return nil }
      return Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
    }.max()
  }

  /// Whether a rollback journal stands beside the file: a transaction was cut short.
  var hasRollbackJournal: Bool {
    var status = stat()
    return stat(path + "-journal", &status) == 0 && status.st_size > 0
  }

  private func checkKind() throws(StoreError) {
    var status = stat()
    if stat(path, &status) != 0 { throw StoreError(system: errno, path, "look at") }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return
    case S_IFDIR: throw StoreError(.denied, "\(path): is a directory; a store is a file")
    default: throw StoreError(.denied, "\(path): is not a regular file")
    }
  }

  private static func inItsDirectory(_ given: String) throws(StoreError) -> String {
    let slash = given.lastIndex(of: "/")
    let name = slash.map { String(given[given.index(after: $0)...]) } ?? given
    let directory = slash.map { $0 == given.startIndex ? "/" : String(given[..<$0]) } ?? "."
    if name.isEmpty { throw StoreError(system: EISDIR, given, "open") }
    guard let resolved = resolve(directory) else {
      throw StoreError(system: errno, directory, "open the directory")
    }
    return resolved == "/" ? "/" + name : resolved + "/" + name
  }

  private static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  private static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

extension StoreError {
  /// A store's file that is not as it should be, and what to do about it.
  init(damaged path: String, _ what: String) {
    self.init(.corrupt, "\(path): \(what)\(StoreError.advice(path))")
  }

  static func advice(_ path: String) -> String {
    "; `periodic check \(path)` says what is damaged, "
      + "`periodic repair --salvage \(path) -o NEW` saves what can be read"
  }

  /// What a failed system call means for a store.
  init(system code: Int32, _ path: String, _ doing: String) {
    let kind: Code
    switch code {
    case ENOSPC, EDQUOT, EFBIG: kind = .full
    case EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG: kind = .denied
    default: kind = .failed
    }
    self.init(kind, "\(path): \(doing): \(String(cString: strerror(code)))")
  }
}
