import PeriodicLoop

/// Connections on which everything has been said, and that wait for their peer to close.
///
/// To close a socket at once while the peer still sends makes the system reset the connection, and
/// then the peer may lose the last reply before it has read it: the reason why a request was
/// refused, for example. So the writing half is closed first, and what still comes is read and
/// dropped.
struct LingeringConnections {
  private var queue: [(connection: ServerConnection, deadline: Int64)] = []

  /// Milliseconds that a peer has to close.
  private static let patience: Int64 = 2000
  /// Connections kept for their peers' sake; more are closed at once.
  private static let most = 1024

  /// Whether this connection is worth it: there is room, and a reply that could be lost.
  func takes(_ connection: ServerConnection) -> Bool {
    queue.count < LingeringConnections.most && connection.hasWritten && !connection.hasEnded
      && connection.stream.isOpen
  }

  mutating func append(_ connection: ServerConnection, at time: Int64) {
    queue.append((connection, time + LingeringConnections.patience))
  }

  /// When the first has waited long enough.
  var next: Int64? { queue.first?.deadline }

  /// Takes out those that have waited long enough; some of them have been closed meanwhile.
  mutating func takeDue(at time: Int64) -> [ServerConnection] {
    let due = queue.prefix { $0.deadline <= time }.map(\.connection)
    queue.removeFirst(due.count)
    return due
  }
}
