public import PeriodicClient
import PeriodicCore

/// Names as text, and requests that run the loop until they have ended. Inside a callback of the
/// loop the latter throw `deadlock`.
extension Worker {
  /// Announces a function, now and on every later connection; see `canDo(function:)`.
  @discardableResult
  public func canDo(
    _ function: String, _ delivery: Delivery = .none, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try lend(function) { (function) throws(RequestError) in
      try canDo(function: function, delivery, timeout: timeout)
    }
  }

  /// Announces a function as a broadcast; see `broadcast(function:)`.
  @discardableResult
  public func broadcast(
    _ function: String, _ delivery: Delivery = .none, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try lend(function) { (function) throws(RequestError) in
      try broadcast(function: function, delivery, timeout: timeout)
    }
  }

  /// Takes a function back; see `cannotDo(function:)`.
  @discardableResult
  public func cannotDo(
    _ function: String, _ delivery: Delivery = .none, timeout: Int64? = nil
  ) throws(RequestError) -> RequestID {
    try lend(function) { (function) throws(RequestError) in
      try cannotDo(function: function, delivery, timeout: timeout)
    }
  }

  /// Announces a function, and waits until the server has taken it.
  public func canDoAndWait(
    _ function: String, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try lend(function) { (function) throws(RequestError) in
      try runner.wait { (core, tag, now) throws(RequestError) in
        try core.canDo(function: function, tag: tag, timeout: timeout, at: now)
      }
    }
  }

  /// Announces a function as a broadcast, and waits until the server has taken it.
  public func broadcastAndWait(
    _ function: String, timeout: Int64? = nil
  ) throws(RequestError) -> Outcome {
    try lend(function) { (function) throws(RequestError) in
      try runner.wait { (core, tag, now) throws(RequestError) in
        try core.broadcast(function: function, tag: tag, timeout: timeout, at: now)
      }
    }
  }

  /// Takes on nothing new, and waits until every job in hand is reported and answered. Jobs in hand
  /// must have been reported already, or be reported by a callback meanwhile.
  public func drainAndWait(timeout: Int64? = nil) throws(RequestError) -> Outcome {
    try runner.wait { (core, tag, now) throws(RequestError) in
      try core.drain(tag: tag, timeout: timeout, at: now)
    }
  }
}

/// Lends the UTF-8 bytes of a name.
func lend<Result>(
  _ name: String, _ body: (Bytes) throws(RequestError) -> Result
) throws(RequestError) -> Result {
  try Array(name.utf8).withUnsafeBufferPointer { (bytes) throws(RequestError) in
    try body(Bytes(bytes))
  }
}
