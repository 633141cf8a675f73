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
  /// Sessions whose cursor moves in one turn; the others' turn comes after theirs.
  private static let cursorsInTurn = 4

  /// Gives the session its cursor, and moves it for the first time.
  func start(_ cursor: Cursor, of session: Session, at now: Now) {
    session.cursor = cursor
    if advance(session, at: now) { moving.append(session) }
  }

  /// Whether a cursor could be moved on now.
  var canMoveCursors: Bool { moving.contains { canMove($0) } }

  /// Moves cursors on by one slice each.
  func advanceCursors(at now: Now) {
    if moving.isEmpty { return }
    let sessions = moving
    moving.removeAll(keepingCapacity: true)
    var left = ServerCore.cursorsInTurn
    var moved: [Session] = []
    for session in sessions where session.isOpen {
      if left == 0 || !canMove(session) {
        moving.append(session)
        continue
      }
      left -= 1
      if advance(session, at: now) {
        moved.append(session)
      } else if session.isOpen {
        setPaused(session, false)
        proceed(session, at: now)
      }
    }
    moving += moved
  }

  private func canMove(_ session: Session) -> Bool {
    guard session.isOpen else { return true }
    switch session.cursor {
    case nil, .status: return true
    case .dump: return session.outgoing.count <= configuration.limits.outputPauseBytes
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
