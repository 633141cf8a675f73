public import PeriodicStore

/// How a server ended.
public enum ServerEnd: Equatable, Sendable {
  /// Everything acknowledged is durable and every reply went out.
  case graceful
  /// The time for that was over; what was acknowledged is durable.
  case timedOut
  /// The store could not be read.
  case storeFailed(StoreError)
}
