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
    var server = try options.serverOptions()
    server.log = { level, text in logger.log(level: Daemon.level(level), "\(text)") }
    if try options.storeChoice() == nil {
      logger.notice("no --store: jobs are kept in memory only, and gone when the daemon ends")
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
