import PeriodicCore
import PeriodicLoop
import PeriodicServer

/// Connections: coming, speaking, going.
extension ServerRunner {
  func accepted(_ stream: Stream) {
    let now = loop.now
    guard let session = core.open(isHere: stream.isOnThisLoop, at: now) else {
      stream.close()
      if !isAtConnectionLimit {
        isAtConnectionLimit = true
        options.log?(.warning, "connections: \(options.limits.connections) are open, the limit")
      }
      return
    }
    session.isOwners = stream.isPeerOwner
    isAtConnectionLimit = false
    needsTurn = true
    connections.append(ServerConnection(self, stream, session, place: connections.count))
    stream.startReading()
  }

  func received(_ bytes: Bytes, on session: Session) {
    changed {
      core.receive(bytes, on: session, at: $0)
      core.passBatch(at: $0) { act($0) }
    }
  }

  func receivedEnd(on session: Session) { changed { core.receivedEnd(on: session, at: $0) } }

  /// A peer's bad bytes ended its session (PROTOCOL 1.7).
  func noteViolation(_ what: String, by session: Session) {
    guard let log = options.log, let name = connection(of: session)?.stream.name,
      let line = violations.admit("\(name) is closed: \(what)", at: loop.now.monotonic)
    else { return }
    log(.info, line)
  }

  func drained(_ session: Session) {
    changed { core.drained(session, at: $0) { act($0) } }
  }

  func lost(_ connection: ServerConnection) {
    if let session = connection.session { changed { core.closed(session, at: $0) } }
    connection.session = nil
    remove(connection)
  }

  func write(_ connection: ServerConnection, _ session: Session) {
    connection.flush()
    if session.isEnding, !session.output.isEmpty, !connection.isStuck {
      connection.isStuck = true
      stuck.append(connection, at: loop.now.monotonic)
      armDeparture()
    }
  }

  /// The core has done with the connection.
  func release(_ connection: ServerConnection) {
    connection.session = nil
    let canLoseReply = connection.hasWritten && !connection.hasEnded && connection.stream.isOpen
    if canLoseReply, lingering.count < ServerRunner.mostLingering {
      connection.stream.endWriting()
      connection.stream.startReading()
      lingering.append(connection, at: loop.now.monotonic)
      armDeparture()
    } else {
      remove(connection)
    }
  }

  func remove(_ connection: ServerConnection) {
    guard let place = connection.place else { return }
    connection.place = nil
    connection.stream.close()
    let last = connections.removeLast()
    if last !== connection {
      connections[place] = last
      last.place = place
    }
    finishIfClosed()
  }

  func closeDeparted() {
    let time = loop.now.monotonic
    for connection in lingering.takeDue(at: time) { remove(connection) }
    for connection in stuck.takeDue(at: time) { lost(connection) }
    armDeparture()
  }

  private func armDeparture() {
    let next = min(lingering.next ?? .max, stuck.next ?? .max)
    if next != .max { timers?.departure.arm(at: next) }
  }
}
