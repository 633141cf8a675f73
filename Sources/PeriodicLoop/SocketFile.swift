internal import CUV
internal import Glibc
internal import PeriodicCore

/// The file of a listening Unix socket, known by its inode so that only our own is ever removed.
struct SocketFile {
  private let path: String
  private let identity: Identity

  private struct Identity: Equatable {
    var device: dev_t
    var inode: ino_t
  }

  /// Binds and listens at `path`. A socket file is taken over only if nobody answers on it.
  static func listen(
    _ path: String, _ options: SocketFileOptions
  ) throws(LoopError) -> (Int32, SocketFile) {
    let address = Address.unix(path: path)
    try address.checkPath()
    let doing = "listen on \(address)"
    let descriptor = try makeSocket(AF_UNIX, doing)
    do {
      try bindNew(descriptor, path, doing)
      return (descriptor, try opened(descriptor, path, options, doing))
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Listens on the socket that is bound at `path`, and lets in whom `options` admits.
  private static func opened(
    _ descriptor: Int32, _ path: String, _ options: SocketFileOptions, _ doing: String
  ) throws(LoopError) -> SocketFile {
    guard Glibc.listen(descriptor, Listener.backlog) == 0, let found = inspect(path) else {
      throw .last(doing)
    }
    let file = SocketFile(path: path, identity: found.identity)
    do {
      try file.apply(options)
    } catch {
      file.remove()
      throw error
    }
    return file
  }

  /// Removes the file if it is still the one that was bound here.
  func remove() {
    guard let found = SocketFile.inspect(path), found.identity == identity else { return }
    unlink(path)
  }

  private func apply(_ options: SocketFileOptions) throws(LoopError) {
    if options.user != nil || options.group != nil {
      let status = lchown(path, options.user ?? .max, options.group ?? .max)
      if status != 0 { throw .last("set the owner of \(path)") }
    }
    if chmod(path, options.mode & 0o777) != 0 { throw .last("set the mode of \(path)") }
  }

  /// Binds with a mode that admits nobody else until `apply` has set owner and mode: the file takes
  /// its first mode from the socket's.
  private static func bindNew(
    _ descriptor: Int32, _ path: String, _ doing: String
  ) throws(LoopError) {
    fchmod(descriptor, 0o600)
    let address = SocketAddress(path: path)
    func tryBind() -> Bool { address.with { bind(descriptor, $0, $1) } == 0 }
    if tryBind() { return }
    if errno != EADDRINUSE { throw .last(doing) }
    try removeStale(path, address, doing)
    if !tryBind() { throw .last(doing) }
  }

  /// Removes a socket that nobody listens on, or says why the path cannot be had.
  ///
  /// The file is moved aside before it is removed, and looked at again there: another server that
  /// replaced it in the meantime gets it back.
  private static func removeStale(
    _ path: String, _ address: SocketAddress, _ doing: String
  ) throws(LoopError) {
    guard let found = inspect(path) else { return }
    guard found.isSocket else {
      throw inUse("\(doing): a file that is not a socket is there")
    }
    let probe = try makeSocket(AF_UNIX, doing)
    defer { close(probe) }
    if address.with({ connect(probe, $0, $1) }) == 0 || errno == EAGAIN {
      throw inUse("\(doing): another server answers there")
    }
    if errno == ENOENT { return }
    if errno != ECONNREFUSED { throw .last("\(doing): try whether a server answers there") }
    let aside = "\(path).stale-\(getpid())"
    if rename(path, aside) != 0 {
      if errno == ENOENT { return }
      throw .last("\(doing): remove the file of a server that is gone")
    }
    if inspect(aside)?.identity != found.identity {
      _ = link(aside, path)
      unlink(aside)
      throw inUse("\(doing): another server has just begun there")
    }
    unlink(aside)
  }

  private static func inUse(_ message: String) -> LoopError {
    LoopError(UV_EADDRINUSE.rawValue, saying: message)
  }

  private static func inspect(_ path: String) -> (identity: Identity, isSocket: Bool)? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    let identity = Identity(device: status.st_dev, inode: status.st_ino)
    return (identity, status.st_mode & S_IFMT == S_IFSOCK)
  }
}
