import PeriodicCore

/// A command that takes several turns. Until it is done its session's later input waits.
///
/// About a millisecond of work a turn, whatever there is to list or load (DESIGN "No long turn").
enum Cursor {
  case status(StatusCursor)
  case dump(DumpCursor)
  case load(LoadCursor)
}

extension ServerCore {
  /// Gives the session its cursor, which begins to move at the end of the turn.
  func start(_ cursor: Cursor, of session: Session) {
    session.cursor = cursor
    moving.append(session)
  }

  /// Moves a cursor of a session that is not yet among the moving ones: most need no second slice.
  func startAtOnce(_ cursor: Cursor, of session: Session, at now: Now) {
    session.cursor = cursor
    if advance(session, at: now) { moving.append(session) }
  }

  /// Whether a cursor could be moved on now.
  var canMoveCursors: Bool { moving.contains { canMove($0) } }

  /// Moves one cursor on by a slice; it is the last to move again.
  func advanceCursors(at now: Now) {
    if moving.isEmpty { return }
    moving.removeAll { !$0.isOpen }
    guard let place = moving.firstIndex(where: { canMove($0) }) else { return }
    let session = moving.remove(at: place)
    if advance(session, at: now) {
      moving.append(session)
    } else if session.isOpen {
      setPaused(session, false)
      proceed(session, at: now)
    }
  }

  private func canMove(_ session: Session) -> Bool {
    guard session.isOpen else { return true }
    switch session.cursor {
    case nil, .status: return true
    case .dump(let cursor):
      return !cursor.isReading && session.outgoing.count <= configuration.limits.outputPauseBytes
    case .load(let cursor): return canMove(cursor)
    }
  }

  /// Does one slice.
  ///
  /// - Returns: whether there is more to do.
  private func advance(_ session: Session, at now: Now) -> Bool {
    guard let cursor = session.cursor else { return false }
    session.cursor = nil
    switch cursor {
    case .status(let cursor): session.cursor = advance(cursor, session, at: now).map { .status($0) }
    case .dump(let cursor): session.cursor = advance(cursor, session, at: now).map { .dump($0) }
    case .load(let cursor): session.cursor = advance(cursor, session, at: now).map { .load($0) }
    }
    return session.cursor != nil
  }
}
