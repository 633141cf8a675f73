public import PeriodicCore
public import PeriodicLoop
public import PeriodicStore
import PeriodicStoreSQLite

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

/// Where jobs are kept.
public enum StoreChoice: Sendable {
  /// In memory only: gone when the server goes.
  case memory
  /// In one SQLite file, which is made if it does not exist; its directory must.
  case sqlite(path: String)
  /// In a store of the caller's. It is made, used and given up on the server's store thread.
  case driver(@Sendable () -> any StoreDriver)

  /// What makes the driver; nil for a server without a store.
  var makeDriver: (@Sendable () -> any StoreDriver)? {
    switch self {
    case .memory: nil
    case .sqlite(let path): { SQLiteStore(path: path) }
    case .driver(let make): make
    }
  }
}

public enum LogLevel: Int, Comparable, Sendable {
  case debug, info, warning, error

  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Why a server could not start.
public enum ServerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The system refused a thread or a descriptor.
  case loop(LoopError)
  case store(StoreError)

  public var description: String {
    switch self {
    case .loop(let error): error.message
    case .store(let error): error.message
    }
  }
}

/// How a server ended.
public enum ServerEnd: Equatable, Sendable {
  /// Everything acknowledged is durable and every reply went out.
  case graceful
  /// The time for that was over; what was acknowledged is durable.
  case timedOut
  /// The store could not be read.
  case storeFailed(StoreError)
}
