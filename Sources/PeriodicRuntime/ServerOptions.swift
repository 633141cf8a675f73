public import PeriodicCore
public import PeriodicLoop

/// What a server is told when it is made.
public struct ServerOptions {
  public var limits = Limits()
  /// What holds until a client changes it; what a durable store remembers comes before these.
  public var settings = Settings()
  public var store = StoreChoice.memory
  /// Mode and owner of a Unix socket's file.
  public var socketFile = SocketFileOptions()
  /// Called on the loop's thread with what an operator may want to know. The server writes nothing
  /// itself.
  public var log: ((LogLevel, String) -> Void)?

  public init() {}
}
