import PeriodicCore
import PeriodicEngine
import PeriodicWire

/// A STATUS that is being written.
struct StatusCursor {
  /// Functions looked at in one turn.
  static let slice = 512

  var writer: StatusWriter
  /// What was durable when it was asked for is counted.
  let batch: UInt64
  /// The name of the last function looked at.
  var last: [UInt8]?
}

extension ServerCore {
  func startStatus(_ message: MessageID, _ session: Session, at now: Now) {
    guard let writer = statusWriter(message, session) else { return }
    let cursor = StatusCursor(writer: writer, batch: engine.committedBatch)
    if engine.hasSettled(cursor.batch) {
      startAtOnce(.status(cursor), of: session, at: now)
    } else {
      start(.status(cursor), of: session)
    }
  }

  /// Shows the next functions; of a connection with an identity, those that it may speak of.
  func advance(_ cursor: StatusCursor, _ session: Session, at now: Now) -> StatusCursor? {
    if !engine.hasSettled(cursor.batch) {
      engine.settleCommitted(at: now, into: &effects)
      carryOut(for: nil)
      return cursor
    }
    var cursor = cursor
    let principal = identities == nil ? nil : principal(of: session)
    var last: [UInt8]?
    let show = { (row: FunctionStatus) in
      last = Array(row.name)
      if let principal, !principal.maySpeak(of: row.name) { return }
      cursor.writer.append(
        StatusRow(
          function: row.name, workers: row.workers, jobs: row.jobs, running: row.running,
          locked: row.locked, scheduledAt: row.scheduledAt))
    }
    let hasMore: Bool
    if let name = cursor.last {
      hasMore = name.withUnsafeBytes { name in
        engine.forEachFunction(after: name, atMost: StatusCursor.slice, at: now, show)
      }
    } else {
      hasMore = engine.forEachFunction(after: nil, atMost: StatusCursor.slice, at: now, show)
    }
    if hasMore {
      cursor.last = last
      return cursor
    }
    cursor.writer.finish(into: &session.outgoing.buffer)
    markDirty(session)
    answeredHTTP(session)
    return nil
  }

  private func statusWriter(_ message: MessageID, _ session: Session) -> StatusWriter? {
    switch session.phase {
    case .registered(.two, _): StatusWriter(.generation2(message))
    case .registered(.one, _):
      session.generation1.map { StatusWriter(.generation1($0.bytes(of: message))) }
    case .http: session.http?.context.map { StatusWriter(.http($0)) }
    case .sniffing, .registering, .ending, .closed: nil
    }
  }
}
