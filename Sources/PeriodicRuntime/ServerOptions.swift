public import PeriodicCore
public import PeriodicLoop
public import PeriodicStore

/// What a server is told when it is made.
public struct ServerOptions {
  public var limits = Limits()
  /// What holds until a client changes it; what a durable store remembers comes before these.
  public var settings = Settings()
  public var store = StoreChoice.memory
  /// Bytes that a store file keeps free beside it for when the disk is full, so that jobs can still
  /// be ended and removed; 0 is none.
  public var storeReserve = 8 << 20
  /// How hard a store file keeps what is answered for; a store of the caller's has its own way.
  public var sync = StoreSync.always
  /// Mode and owner of a Unix socket's file.
  public var socketFile = SocketFileOptions()
  /// The path of a file that says who may do what, in lines of `role name token func1,func2`
  /// (PROTOCOL 1.4). Without one everything is allowed to everybody. With one, generation 1 is
  /// allowed nothing, because it has no identities. It is read again when it changes.
  public var identityFile: String?
  /// Whether identities of the role `client` may dump, load, change settings and shut down, too;
  /// otherwise only an `admin` may.
  public var clientsAdminister = false
  /// Where to tell what happens to jobs and locks.
  public var hook: EventHook?
  /// Called on the loop's thread with what an operator may want to know. The server writes nothing
  /// itself.
  public var log: ((LogLevel, String) -> Void)?

  public init() {}
}

extension ServerOptions {
  /// Of `hook`, so that this is set after it.
  var hookQueue: Int {
    get { (hook ?? EventHook(.persist)).queueLimit }
    set { hook?.queueLimit = newValue }
  }

  var hookLogInterval: Int {
    get { (hook ?? EventHook(.persist)).dropLogInterval }
    set { hook?.dropLogInterval = newValue }
  }
}
