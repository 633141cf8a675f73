public import PeriodicCore

/// One thing that the engine wants done. The bytes inside are borrowed until the engine is next
/// called.
public enum Effect {
  /// Say something to a peer: at once, or when everything asked of the store so far is durable.
  case reply(SessionID, MessageID, Reply, Promise)
  /// Keep a change. Only asked for when the engine has a durable store.
  case store(StoreOperation)
  /// Something happened that a hook may want to hear of. Only while the engine is observed.
  case event(EngineEvent)
}

/// What must hold before a reply leaves (the commit gate).
public enum Promise: Sendable {
  case nothing
  /// All store operations emitted before the reply are durable.
  case durable
}

/// What a protocol means for assigning.
public struct SessionTraits: Sendable, BitwiseCopyable {
  /// The worker says whether it took a job (generation 2; PROTOCOL 2.3).
  public var confirms: Bool
  /// A job without a time limit gets the server's, whoever submitted it (PROTOCOL 2.13).
  public var fillsTimeout: Bool
  /// It can say BROADCAST; without that word it is a receiver like the others (PROTOCOL 2.13).
  public var broadcasts: Bool
  /// It reports on runs by their jobs' numbers instead of their names (PROTOCOL 2.1).
  public var namesRunsByNumber: Bool

  public init(
    confirms: Bool, fillsTimeout: Bool, broadcasts: Bool, namesRunsByNumber: Bool
  ) {
    self.confirms = confirms
    self.fillsTimeout = fillsTimeout
    self.broadcasts = broadcasts
    self.namesRunsByNumber = namesRunsByNumber
  }

  public static let generation1 = SessionTraits(
    confirms: false, fillsTimeout: false, broadcasts: false, namesRunsByNumber: true)
  public static let generation2 = SessionTraits(
    confirms: true, fillsTimeout: true, broadcasts: true, namesRunsByNumber: false)
}
