public import PeriodicCore

/// One line of STATUS (PROTOCOL 2.7). The name is borrowed from the engine.
public struct FunctionStatus {
  public var name: Bytes
  /// Connections that registered it.
  public var workers: Int
  /// Jobs kept: waiting, running and locked, without those that no batch has made durable.
  public var jobs: Int
  public var running: Int
  public var locked: Int
  /// The order key of the first waiting job in seconds; the current time if there is none.
  public var scheduledAt: Int64
}

extension Engine {
  /// Functions that STATUS lists.
  public var functionCount: Int { sortedFunctions.count }
  /// Jobs kept, in any state.
  public var totalJobs: Int { jobCount }
  /// About what all jobs take in a store: names, workloads, and what there is beside them.
  public var storedBytes: Int { byteCount + 48 * jobCount }
  /// Runs that somebody holds, or may still report on.
  public var totalRuns: Int { runs.count }

  /// The wall clock as the engine saw it last, milliseconds since 1970.
  public var wallTime: Int64 { lastWall }

  /// Shows up to `count` functions whose names sort after `name`, in the order of their bytes.
  ///
  /// - Returns: whether there are more.
  public func forEachFunction(
    after name: Bytes?, atMost count: Int, at now: Now, _ body: (FunctionStatus) -> Void
  ) -> Bool {
    var position = 0
    if let name {
      position = sortedPosition(of: name)
      if position < sortedFunctions.count,
        functions[sortedFunctions[position]].pointee.bytes.equals(name)
      {
        position += 1
      }
    }
    let end = min(position + count, sortedFunctions.count)
    for index in position..<end { body(status(of: sortedFunctions[index], at: now)) }
    return end < sortedFunctions.count
  }

  /// Shows one function, if it is known.
  public mutating func status(of name: Bytes, at now: Now) -> FunctionStatus? {
    findFunction(name).map { status(of: $0, at: now) }
  }

  /// Shows the functions that a connection has registered, in no particular order.
  public func forEachFunction(of session: SessionID, _ body: (Bytes) -> Void) {
    let first = sessions[slot(of: session)].pointee.cursor
    var registration = first
    while registration != .none {
      body(functions[registrations[registration].pointee.function].pointee.bytes)
      registration = registrations[registration].pointee.next
      if registration == first { return }
    }
  }

  private func status(of slot: Slot, at now: Now) -> FunctionStatus {
    let function = functions[slot]
    let first = earliest(slot).map { Now(monotonic: 0, wall: $0).wallSeconds }
    return FunctionStatus(
      name: function.pointee.bytes, workers: function.pointee.workers,
      jobs: function.pointee.jobs - function.pointee.unborn, running: function.pointee.running,
      locked: function.pointee.locked, scheduledAt: first ?? now.wallSeconds)
  }
}
