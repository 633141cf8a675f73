import PeriodicCore
import PeriodicEngine
import PeriodicWire

/// HTTP exchanges: each is a short-lived session with one request (PROTOCOL 3.1).
extension ServerCore {
  func executeHTTP(_ request: HTTPRequest, _ session: Session, at now: Now) {
    session.httpContext = request.context
    switch phase {
    case .starting, .reserving: return say(.refused(.starting), MessageID(0), session)
    case .stopping, .stopped: return say(.refused(.stopping), MessageID(0), session)
    case .serving: break
    }
    switch request.action {
    case .status: startStatus(MessageID(0), session, at: now)
    case .functionStatus(let name): showFunction(name, request.context, session, at: now)
    case .command(let command):
      let id = engineSession(for: session)
      engine.handle(command, MessageID(0), from: id, at: now, into: &effects)
      carryOut(for: command)
    }
  }

  private func engineSession(for session: Session) -> SessionID {
    if let id = session.id { return id }
    let id = engine.open(.generation1)
    let slot = Int(UInt32(truncatingIfNeeded: id.number))
    while sessions.count <= slot { sessions.append(nil) }
    sessions[slot] = session
    session.id = id
    return id
  }

  private func showFunction(
    _ name: Bytes, _ context: HTTPReplyContext, _ session: Session, at now: Now
  ) {
    let row = engine.status(of: name, at: now).map { status in
      StatusRow(
        function: status.name, workers: status.workers, jobs: status.jobs,
        running: status.running, locked: status.locked, scheduledAt: status.scheduledAt)
    }
    HTTPResponse.encodeFunction(row, context, into: &session.outgoing)
    end(session, at: now)
  }
}
