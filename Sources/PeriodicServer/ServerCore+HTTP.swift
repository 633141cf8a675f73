import PeriodicCore
import PeriodicEngine
import PeriodicWire

/// HTTP connections: a session that carries one request at a time (PROTOCOL 3).
extension ServerCore {
  /// Reads on in the present request. What comes after it waits until it has been answered.
  func nextHTTP(_ bytes: Bytes, _ session: Session, at now: Now) -> Int? {
    guard let decoder = session.http?.decoder else { fatalError("a session has its decoder") }
    switch decoder.next(bytes) {
    case .needMore(let used):
      if session.http?.receive(used) == true { awaited.append(session, at: now.monotonic) }
      return used == 0 ? nil : used
    case .interim(let used):
      if let failure = refusalOfAll ?? refuse(decoder.identity, session) {
        return refuseHTTP(failure, session, at: now)
      }
      HTTPResponse.encodeContinue(into: &session.outgoing.buffer)
      markDirty(session)
      return used
    case .failed(let failure): return refuseHTTP(failure, session, at: now)
    case .request(let request, let used):
      budget.draw()
      var context = request.context
      if phase != .serving { context.keepsAlive = false }
      session.http?.step = .answering(context)
      awaited.remove(session)
      // The request's bytes are the decoder's, which an answer may replace.
      withExtendedLifetime(decoder) { executeHTTP(request, context, session, at: now) }
      if case .answered = session.http?.step, session.http?.mayGoOn == true {
        beginNextRequest(session, at: now)
      }
      return used
    }
  }

  /// The one reply to a session's request has been said.
  func answeredHTTP(_ session: Session) {
    guard case .http = session.phase, case .answering(let context) = session.http?.step else {
      return
    }
    if !context.keepsAlive || phase != .serving {
      session.phase = .ending
      return
    }
    session.http?.step = .answered
    if session.http?.isResuming == false {
      session.http?.isResuming = true
      resuming.append(session)
    }
  }

  /// Goes on with the sessions whose last request has been answered.
  func resumeHTTP(at now: Now) {
    guard !resuming.isEmpty else { return }
    let sessions = resuming
    resuming.removeAll(keepingCapacity: true)
    for session in sessions where session.isOpen {
      session.http?.isResuming = false
      session.http?.beginTurn()
      if case .answered = session.http?.step { beginNextRequest(session, at: now) }
      if !session.isStalled { setPaused(session, false) }
      proceed(session, at: now)
    }
  }

  /// Tells a client whose request is not whole in time, or not answered when the server stops.
  func giveUpHTTP(_ session: Session, _ failure: HTTPFailure) {
    guard case .http = session.phase, let http = session.http else { return }
    switch http.step {
    case .reading where http.decoder.hasBegun:
      HTTPResponse.encode(failure, into: &session.outgoing.buffer)
    // An answer that has begun is cut short, which its reader notices.
    case .answering where isDumping(session): session.cursor = nil
    case .answering(var context):
      context.keepsAlive = false
      session.cursor = nil
      HTTPResponse.encode(failure, context, into: &session.outgoing.buffer)
    case .reading, .answered: break
    }
  }

  private func isDumping(_ session: Session) -> Bool {
    if case .dump = session.cursor { true } else { false }
  }

  private func beginNextRequest(_ session: Session, at now: Now) {
    session.http?.begin(HTTPDecoder(bodyLimit: configuration.limits.frameBytes))
    awaited.append(session, at: now.monotonic)
  }

  /// Answers bytes that are no request, and the last that the connection sends.
  private func refuseHTTP(_ failure: HTTPFailure, _ session: Session, at now: Now) -> Int {
    HTTPResponse.encode(failure, into: &session.outgoing.buffer)
    end(session, at: now)
    return 0
  }

  // MARK: Carrying out

  private func executeHTTP(
    _ request: HTTPRequest, _ context: HTTPReplyContext, _ session: Session, at now: Now
  ) {
    if let failure = refusalOfAll ?? refuseAccess(request, session) {
      HTTPResponse.encode(failure, context, into: &session.outgoing.buffer)
      return finish(session)
    }
    switch request.action {
    case .ready:
      let state = configuration.isDurable ? health.state.rawValue : nil
      HTTPResponse.encodeReady(
        store: state, health.refusal, context, into: &session.outgoing.buffer)
      finish(session)
    case .refused(let failure):
      HTTPResponse.encode(failure, context, into: &session.outgoing.buffer)
      finish(session)
    case .status:
      session.http?.mayGoOn = false
      startStatus(message(of: session), session, at: now)
    case .dump:
      session.http?.mayGoOn = false
      startDump(context, session)
    case .beginBackup(let path): beginBackup(path, context, session)
    case .backupState: showBackup(.ok, context, session)
    case .cancelBackup:
      cancelBackup()
      showBackup(.ok, context, session)
    case .functionStatus(let name): showFunction(name, context, session, at: now)
    case .command(let command):
      let id = engineSession(for: session)
      engine.handle(command, message(of: session), from: id, at: now, into: &effects)
      carryOut(for: command)
    }
  }

  /// The answer to every request while the server does not serve.
  private var refusalOfAll: HTTPFailure? {
    switch phase {
    case .starting, .reserving: HTTPFailure(.unavailable, "starting")
    case .stopping, .stopped: HTTPFailure(.unavailable, "stopping")
    case .serving: nil
    }
  }

  /// Why this may not be asked; `nil` if it may. Whether the server is ready everybody may know.
  private func refuseAccess(_ request: HTTPRequest, _ session: Session) -> HTTPFailure? {
    if case .ready = request.action { return nil }
    if let failure = refuse(request.identity, session) { return failure }
    let command: Command
    switch request.action {
    case .command(let asked): command = asked
    case .dump: command = .dump
    case .beginBackup, .backupState, .cancelBackup: return refuseBackup(session)
    // Of a STATUS everybody sees some part.
    case .ready, .status, .functionStatus, .refused: return nil
    }
    if isAllowedByIdentity(command, .client, session) { return nil }
    return HTTPFailure(.forbidden, "this identity may not do that")
  }

  /// The answer to nobody that is known, and to somebody who is no client. Each request says anew
  /// who it is from.
  private func refuse(_ identity: Identity?, _ session: Session) -> HTTPFailure? {
    guard identities != nil else { return nil }
    session.credentials = identity.map { identity in
      Credentials(
        name: [UInt8](identity.name), token: [UInt8](identity.token), rules: 0, principal: nil)
    }
    guard let principal = principal(of: session) else {
      return HTTPFailure(.unauthorized, "a known name and its token are needed")
    }
    return principal.fits(.client) ? nil : HTTPFailure(.forbidden, "this identity is no client")
  }

  func finish(_ session: Session) {
    markDirty(session)
    answeredHTTP(session)
  }

  private func message(of session: Session) -> MessageID { MessageID(session.http?.number ?? 0) }

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
    let isHidden = identities != nil && principal(of: session)?.maySpeak(of: name) != true
    let status = isHidden ? nil : engine.status(of: name, at: now)
    let row = status.map { status in
      StatusRow(
        function: status.name, workers: status.workers, jobs: status.jobs,
        running: status.running, locked: status.locked, scheduledAt: status.scheduledAt)
    }
    HTTPResponse.encodeFunction(row, context, into: &session.outgoing.buffer)
    finish(session)
  }
}
