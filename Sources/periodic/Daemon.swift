import Glibc
import Logging
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// A server as a process of its own, in the foreground, with its log on standard error.
///
/// SIGTERM and SIGINT end it gracefully: nothing new is accepted, what was acknowledged is written,
/// the replies go out. A second one ends it at once; what was acknowledged is written all the same.
struct Daemon {
  let addresses: [String]
  let options: DaemonOptions

  func run() throws {
    var logger = Logger(label: "periodic") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = options.logLevel.level
    signal(SIGPIPE, SIG_IGN)
    // Where files may not grow any more, the store is full; that is no reason to die.
    signal(SIGXFSZ, SIG_IGN)
    raiseDescriptorLimit()
    if let name = options.older.name { setProcessName(name) }

    let loop = try Loop()
    let server = try Server(loop, options: serverOptions(logger))
    do {
      try server.start()
    } catch {
      throw Failure(error.description)
    }
    for address in try addresses.map(parseAddress) {
      do {
        try server.listen(on: address)
      } catch {
        server.close()
        throw Failure(error.message)
      }
    }
    try serve(server, loop, logger)
  }

  private func serve(_ server: Server, _ loop: Loop, _ logger: Logger) throws {
    var end: ServerEnd?
    server.onStopped = {
      end = $0
      loop.stop()
    }
    var isStopping = false
    let watchers = try [SIGTERM, SIGINT].map { number in
      try SignalWatcher(loop, signal: number) {
        if isStopping { return loop.stop() }
        isStopping = true
        logger.info("stopping")
        server.stop()
      }
    }
    loop.run()
    for watcher in watchers { watcher.close() }
    server.close()
    if case .storeFailed(let error) = end { throw Failure("\(ServerError.store(error))") }
  }

  private func serverOptions(_ logger: Logger) throws -> ServerOptions {
    var server = ServerOptions()
    server.log = { level, text in logger.log(level: Daemon.level(level), "\(text)") }
    server.limits.registrationDeadline = Int64(options.registrationDeadline) * 1000
    server.limits.generation1Idle = Int64(options.idleTimeout) * 1000
    options.limits.set(in: &server.limits)
    server.hook = try options.eventHook()
    server.storeReserve = options.reserve << 20
    server.identityFile = options.authFile
    server.clientsAdminister = options.clientsAdminister
    server.sync = options.sync
    switch try options.storeChoice() {
    case .file(let path): server.store = .sqlite(path: path)
    case .memory: server.store = .memory
    case nil:
      server.store = .memory
      logger.notice("no --store: jobs are kept in memory only, and gone when the daemon ends")
    }
    if let mode = options.socketMode { server.socketFile.mode = mode }
    if let owner = options.socketOwner {
      let (user, group) = try Daemon.owner(owner)
      server.socketFile.user = user
      server.socketFile.group = group
    }
    return server
  }

  private static func level(_ level: PeriodicRuntime.LogLevel) -> Logger.Level {
    switch level {
    case .debug: .debug
    case .info: .info
    case .warning: .warning
    case .error: .error
    }
  }

  /// The numbers behind `user` or `user:group`, which may be numbers already.
  private static func owner(_ text: String) throws -> (user: UInt32?, group: UInt32?) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let user = try parts[0].isEmpty ? nil : userNumber(String(parts[0]))
    let group = try parts.count < 2 || parts[1].isEmpty ? nil : groupNumber(String(parts[1]))
    return (user, group)
  }

  private static func userNumber(_ name: String) throws -> UInt32 {
    if let number = UInt32(name) { return number }
    guard let entry = getpwnam(name) else { throw Failure("--socket-owner: no user \(name)") }
    return entry.pointee.pw_uid
  }

  private static func groupNumber(_ name: String) throws -> UInt32 {
    if let number = UInt32(name) { return number }
    guard let entry = getgrnam(name) else { throw Failure("--socket-owner: no group \(name)") }
    return entry.pointee.gr_gid
  }

  /// The system keeps 15 bytes. Where there is no /proc, nothing shows the name either.
  private func setProcessName(_ name: String) {
    let descriptor = open("/proc/self/comm", O_WRONLY | O_CLOEXEC)
    if descriptor < 0 { return }
    write(name, to: descriptor)
    close(descriptor)
  }

  /// A connection is a descriptor; the soft limit of 1,024 is for programs that use `select`.
  private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
