import PeriodicCore
import PeriodicEngine
import PeriodicWire

/// From bytes to commands: sniffing, registration, and the decoder of whatever was found.
extension ServerCore {
  /// Handles as much of `bytes` as is whole and may be handled now.
  ///
  /// - Returns: the bytes used up.
  func process(_ bytes: Bytes, of session: Session, at now: Now) -> Int {
    var used = 0
    while used < bytes.count {
      let rest = Bytes(rebasing: bytes[used...])
      let step: Int?
      switch session.phase {
      case .sniffing: step = sniff(rest, session, at: now)
      case .registering(let generation): step = register(rest, session, generation, at: now)
      case .registered(.one, _): step = next1(rest, session, at: now)
      case .registered(.two, _): step = next2(rest, session, at: now)
      case .http: step = nextHTTP(rest, session, at: now)
      case .ending, .closed: return bytes.count
      }
      guard let step else { break }
      used += step
      guard session.isOpen else { return bytes.count }
      guard canProceed(session) else { break }
    }
    return used
  }

  /// Tells the protocols apart; uses nothing up (PROTOCOL 1.6).
  private func sniff(_ bytes: Bytes, _ session: Session, at now: Now) -> Int? {
    switch ProtocolSniffer.decide(bytes) {
    case .needMore: return nil
    case .generation1:
      session.phase = .registering(.one)
    case .generation2:
      session.phase = .registering(.two)
    case .http:
      session.phase = .http
      session.http = HTTPExchange(HTTPDecoder(bodyLimit: configuration.limits.frameBytes))
    case .reject: violated("it speaks no protocol that is served", session, at: now)
    }
    return 0
  }

  private func register(
    _ bytes: Bytes, _ session: Session, _ generation: Generation, at now: Now
  ) -> Int? {
    switch Registration.parse(generation, bytes) {
    case .needMore: return nil
    case .violation(let violation):
      violated(violation.text, session, at: now)
      return 0
    case .registered(let role, let used):
      let traits: SessionTraits = generation == .one ? .generation1 : .generation2
      let id = engine.open(traits)
      let slot = Int(UInt32(truncatingIfNeeded: id.number))
      while sessions.count <= slot { sessions.append(nil) }
      sessions[slot] = session
      session.id = id
      session.phase = .registered(generation, role)
      awaited.remove(session)
      if generation == .two { noteCredentials(in: bytes, session) }
      if generation == .one {
        session.generation1 = Generation1Decoder(limit: configuration.limits.frameBytes)
      } else {
        connectionIDs &+= 1
        Generation2.encodeConnectionID(connectionIDs, into: &session.outgoing.buffer)
        markDirty(session)
      }
      return used
    }
  }

  private func next1(_ bytes: Bytes, _ session: Session, at now: Now) -> Int? {
    guard let decoder = session.generation1 else { fatalError("a session has its decoder") }
    return take(decoder.next(bytes), session, at: now)
  }

  private func next2(_ bytes: Bytes, _ session: Session, at now: Now) -> Int? {
    let decoded = session.generation2.next(bytes)
    if engine.expectsKeys, case .request(_, _, let used) = decoded,
      let key = Generation2Decoder.peekKey(Bytes(rebasing: bytes[used...]))
    {
      engine.expect(key)
    }
    return take(decoded, session, at: now)
  }

  private func take(_ decoded: Decoded, _ session: Session, at now: Now) -> Int? {
    switch decoded {
    case .needMore: return nil
    case .request(let message, let command, let used):
      budget.draw()
      guard admits(command, message, session) else { return used }
      if case .load(let list) = command, case .registered(let generation, _) = session.phase {
        // The frame stays in the input until the last of its jobs is kept.
        startLoad(list, message, frame: used, generation, session)
        return 0
      }
      if let bytes = ServerCore.largeBytes(of: command) {
        executeLarge(command, bytes, message, session, at: now)
      } else {
        execute(command, message, session, at: now)
      }
      return used
    case .refused(let message, let refusal, let used):
      budget.draw()
      let isKnown = identities == nil || principal(of: session) != nil
      say(.refused(isKnown ? refusal : .notAllowed), message, session)
      return used
    case .violation(let violation):
      violated(violation.text, session, at: now)
      return 0
    }
  }

  /// The workload or the data of a command, if they are large.
  @inline(__always)
  private static func largeBytes(of command: Command) -> Bytes? {
    switch command {
    case .submit(let job), .run(let job):
      job.workload.count < SharedBytes.least ? nil : job.workload
    case .done(_, let data), .workData(_, let data): data.count < SharedBytes.least ? nil : data
    default: nil
    }
  }

  /// Large bytes stay where they came in, if they have not been made of what came in.
  private func executeLarge(
    _ command: Command, _ bytes: Bytes, _ message: MessageID, _ session: Session, at now: Now
  ) {
    let shared = session.input.share(bytes, sum: session.generation2.sum(of: bytes))
    let keeper = shared.map { Unmanaged.passUnretained($0) }
    var command = command
    switch command {
    case .submit(var job):
      job.shared = keeper
      command = .submit(job)
    case .run(var job):
      job.shared = keeper
      command = .run(job)
    default: break
    }
    sharedData = shared
    execute(command, message, session, at: now)
    sharedData = nil
  }
}
