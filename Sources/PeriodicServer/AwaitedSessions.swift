/// Sessions that must say something in time, longest waiting first: who they are, or their next
/// HTTP request.
///
/// A list through the sessions, so that one leaves as soon as it has spoken or is gone. They hold
/// each other, until they leave or `removeAll`.
struct AwaitedSessions {
  private(set) var first: Session?
  private var last: Session?

  /// - Parameter time: monotonic milliseconds, never less than those of an earlier call.
  mutating func append(_ session: Session, at time: Int64) {
    remove(session)
    session.awaited = Session.Awaited(since: time, previous: last, next: nil)
    if let last { last.awaited?.next = session } else { first = session }
    last = session
  }

  mutating func remove(_ session: Session) {
    guard let place = session.awaited else { return }
    session.awaited = nil
    if let previous = place.previous {
      previous.awaited?.next = place.next
    } else {
      first = place.next
    }
    if let next = place.next {
      next.awaited?.previous = place.previous
    } else {
      last = place.previous
    }
  }

  mutating func removeAll() {
    while let first { remove(first) }
  }
}

extension Session {
  /// A session's place in that list.
  struct Awaited {
    /// Monotonic milliseconds.
    var since: Int64
    var previous: Session?
    var next: Session?
  }
}
