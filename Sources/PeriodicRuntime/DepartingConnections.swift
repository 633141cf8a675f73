/// Connections that will not be kept for longer than a certain time, first come first.
struct DepartingConnections {
  /// Milliseconds that each has.
  private let patience: Int64
  private var queue: [(connection: ServerConnection, deadline: Int64)] = []

  init(patience: Int64) {
    self.patience = patience
    // Its kind of array is made with the first server, and not with the first connection to go.
    queue.reserveCapacity(4)
  }

  var count: Int { queue.count }

  mutating func append(_ connection: ServerConnection, at time: Int64) {
    queue.append((connection, time + patience))
  }

  /// When the time of the first is over.
  var next: Int64? { queue.first?.deadline }

  /// Takes out those whose time is over; some of them have gone by themselves.
  mutating func takeDue(at time: Int64) -> [ServerConnection] {
    let due = queue.prefix { $0.deadline <= time }.map(\.connection)
    queue.removeFirst(due.count)
    return due
  }

  mutating func removeAll() { queue = [] }
}
