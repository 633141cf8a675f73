public import PeriodicCore
import PeriodicWire

extension WorkerCore: PeerCore {
  public var state: ConnectionState { connection.state }
  public var lastLoss: LossReason? { connection.lastLoss }
  public var isServerHere: Bool {
    get { connection.isServerHere }
    set { connection.isServerHere = newValue }
  }
  public var output: Bytes { connection.output.bytes }
  public var openRequests: Int { connection.table.owed }
  public var completionCount: Int { connection.completions.count }
  public var routedCount: Int { connection.routed.count }

  public mutating func open(at now: Now) { connection.open(at: now) }
  public mutating func connected(at now: Now) { connection.connected(at: now) }
  public mutating func wrote(_ count: Int) { connection.wrote(count) }
  public mutating func takeAction() -> TransportAction? { connection.takeAction() }
  public mutating func takeCompletion() -> Completion? { connection.takeCompletion() }
  public mutating func takeRoutedCompletion() -> Completion? {
    connection.takeRoutedCompletion()
  }
  public mutating func cancel(_ id: RequestID) -> Bool { connection.cancel(id) }

  public mutating func disconnected(_ reason: LossReason, at now: Now) {
    connection.disconnected(reason, at: now)
    settle()
  }

  public mutating func tick(at now: Now) {
    connection.tick(at: now)
    settle()
    retryRefused(at: now)
    repeatGrabs(at: now)
    finishDrain()
  }

  public var nextDeadline: Int64? {
    let next = min(connection.nextDeadline ?? .max, repeatAt, retryAt)
    return next == .max ? nil : next
  }

  public mutating func endTurn(isServerDirect: Bool, at now: Now) {
    pullsJobs = isServerDirect && !wantsJobsAhead
    fillGrabs(at: now)
  }

  public mutating func close() {
    connection.close()
    settle()
  }

  /// Notices that the connection was lost in the call that is ending.
  private mutating func settle() {
    guard isRegistered, !connection.isReady else { return }
    isRegistered = false
    loseAll()
  }

  public mutating func received(_ bytes: Bytes, at now: Now) {
    connection.beginInput(bytes, at: now)
    while let message = connection.nextMessage(at: now) {
      handle(message, at: now)
    }
    connection.endInput()
    settle()
    finishDrain()
  }

  private mutating func handle(_ message: ServerMessage, at now: Now) {
    switch message {
    case .connectionID:
      isRegistered = true
      announceAll(at: now)
    case .assign(let id, let job): assigned(id, job, at: now)
    case .success(let id), .pong(let id): answered(id, .success, at: now)
    case .unknown(let id): answered(id, .refused, at: now)
    case .noWorker(let id): answered(id, .noWorker, at: now)
    case .acquired(let id, let isHeld): answered(id, .acquired(isHeld), at: now)
    // NOOP and NO_JOB mean nothing to a worker whose grabs stand (PROTOCOL 2.1); the others answer
    // nothing that it asks.
    case .noop, .noJob, .data, .setting, .other: break
    }
  }

  private mutating func answered(_ message: MessageID, _ outcome: Outcome, at now: Now) {
    let number = UInt32(truncatingIfNeeded: message.number)
    guard let place = connection.table.find(message: number) else { return }
    let request = place.pointee
    if request.kind == .grab {
      // Its id is the slot's until the connection ends.
      if outcome == .refused || outcome == .noWorker { grabRefused(request.detail, at: now) }
      return
    }
    connection.finish(place, as: outcome)
    switch request.kind {
    case .acquire:
      if outcome == .acquired(false) { surrender(JobToken(request.job), at: now) }
    case .lateAcquire:
      if outcome == .acquired(false) { lose(JobToken(request.job)) }
    case .canDo, .announceAgain:
      announced(request.detail, isTaken: outcome == .success, at: now)
    default: break
    }
  }
}
