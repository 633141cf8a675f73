import PeriodicCore
import PeriodicEngine
import PeriodicWire

/// A STATUS that is being written. Until it is done the session's later input waits.
struct StatusCursor {
  /// Functions shown in one turn.
  static let slice = 512

  var message: MessageID
  var writer: StatusWriter
  /// The name of the last function shown.
  var last: [UInt8]?
}

extension ServerCore {
  func startStatus(_ message: MessageID, _ session: Session, at now: Now) {
    guard let writer = statusWriter(message, session) else { return }
    session.status = StatusCursor(message: message, writer: writer, last: nil)
    if advanceStatus(session, at: now) { listing.append(session) }
  }

  /// Moves every STATUS in progress on by one slice.
  func advanceListings(at now: Now) {
    guard !listing.isEmpty else { return }
    let sessions = listing
    listing.removeAll(keepingCapacity: true)
    for session in sessions where session.isOpen {
      if advanceStatus(session, at: now) {
        listing.append(session)
      } else {
        setPaused(session, false)
        proceed(session, at: now)
      }
    }
  }

  /// Shows the next functions.
  ///
  /// - Returns: whether there are more.
  private func advanceStatus(_ session: Session, at now: Now) -> Bool {
    guard var cursor = session.status else { return false }
    session.status = nil
    var last: [UInt8]?
    let show = { (row: FunctionStatus) in
      cursor.writer.append(
        StatusRow(
          function: row.name, workers: row.workers, jobs: row.jobs, running: row.running,
          locked: row.locked, scheduledAt: row.scheduledAt))
      last = Array(row.name)
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
      session.status = cursor
      return true
    }
    cursor.writer.finish(into: &session.outgoing)
    markDirty(session)
    answeredHTTP(session)
    return false
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
