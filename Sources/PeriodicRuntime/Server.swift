public import PeriodicCore
public import PeriodicLoop
import PeriodicServer

/// Keeps jobs until they are due and hands them to workers: a Periodic server inside this process.
///
///     let loop = try Loop()
///     let server = Server(loop)
///     try server.start()
///     try server.listen(on: Address("tcp://127.0.0.1:5000"))
///     loop.run()
///
/// Everything happens on the loop's thread, between two waits of the loop; only a durable store has
/// a thread of its own. The server installs no signal handler and writes to nothing but its sockets
/// and its store.
///
/// **Start**: `start` opens the store and begins to read it back. Connections are accepted
/// meanwhile, and hear nothing before it is read; HTTP is answered 503.
/// **End**: `stop`, which lets replies go out, or `close`, or letting the server go. Before the
/// loop goes.
public final class Server {
  private let runner: ServerRunner

  public init(_ loop: Loop, options: ServerOptions = ServerOptions()) {
    runner = ServerRunner(loop, options)
  }

  deinit { runner.close() }

  public var loop: Loop { runner.loop }

  /// Opens the store and begins to load it. Blocks until the store is open, not until it is loaded.
  ///
  /// Called once.
  public func start() throws(ServerError) { try runner.start() }

  /// Takes connections at `address`, and at any other address that was listened on.
  ///
  /// The protocol knows no encryption, and without `ServerOptions.identityFile` whoever can connect
  /// can do everything. The log says so when others than this machine can.
  ///
  /// Not while `isStopping`.
  ///
  /// - Returns: the address, with the port that the system chose if it was to choose one.
  @discardableResult
  public func listen(on address: Address) throws(LoopError) -> Address {
    try runner.listen(on: address)
  }

  /// Whether everything is loaded and requests are carried out.
  public var isServing: Bool { runner.isServing }

  /// Whether service has ended, or is about to: by `stop`, by a client, or because of the store.
  public var isStopping: Bool { runner.phase != .made && runner.phase != .started }

  /// Called once when everything is loaded.
  public var onReady: (() -> Void)? {
    get { runner.onReady }
    set { runner.onReady = newValue }
  }

  /// Connections open, those being closed included.
  public var connectionCount: Int { runner.connectionCount }

  /// Called once when the server has stopped: by `stop`, because a client asked for it (SHUTDOWN),
  /// or because its store could not be read.
  public var onStopped: ((ServerEnd) -> Void)? {
    get { runner.onStopped }
    set { runner.onStopped = newValue }
  }

  /// Lists the jobs of one function, or of all.
  public func jobs(of function: [UInt8]? = nil) -> JobCursor { JobCursor(runner, function) }

  /// Begins a copy of the store in the new file `path`, an absolute path, which appears when it is
  /// complete. It has everything that was acknowledged before the end of the copy. Service goes on.
  ///
  /// Not while another backup is running, and not of a store in memory.
  ///
  /// - Returns: whether it has begun; `backup` tells what became of it.
  public func beginBackup(to path: String) -> Bool { runner.beginBackup(to: path) }

  /// Gives a backup up that has not ended; nothing is left of it.
  public func cancelBackup() { runner.cancelBackup() }

  /// What has become of the last backup.
  public var backup: BackupState { runner.core.backup }

  /// Ends service: nothing new is accepted or handed out, what was acknowledged is made durable,
  /// the replies to it go out, connections close; then `onStopped` is called.
  ///
  /// - Parameter timeout: milliseconds after which connections are closed all the same.
  public func stop(timeout: Int64 = 10_000) { runner.stop(timeout: timeout) }

  /// Ends service now. Blocks until what the store was given is durable and the store is closed.
  /// Safe to call twice; `onStopped` is not called.
  public func close() { runner.close() }
}
