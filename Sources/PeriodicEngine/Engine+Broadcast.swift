import PeriodicCore

/// How one run ended, as far as its job is concerned.
enum RunOutcome: BitwiseCopyable {
  case done
  case later(delay: Int64, step: UInt16)
  /// Failed, lost, or out of time.
  case failed
  /// Not wanted, or not confirmed: the worker did nothing.
  case released

  /// Of the receivers of a broadcast the one with the highest rank tells what becomes of the job.
  var rank: Int {
    switch self {
    case .released: 0
    case .failed: 1
    case .later: 2
    case .done: 3
    }
  }
}

/// One broadcast of one job: those that got it, until the last run of it is forgotten.
struct Round: BitwiseCopyable {
  /// Runs, and how many of them hold the job.
  var runs = 0
  var held = 0
  /// What has been reported so far.
  var outcome = RunOutcome.released
}

/// Broadcast (PROTOCOL 2.3): a due job goes to every connection that waits for it at that moment,
/// and ends when each has reported or left.
extension Engine {
  /// Hands out the function's due jobs while somebody waits for them, each to all who wait.
  mutating func serveBroadcast(
    _ function: Slot, at now: Now, into effects: inout Effects
  ) {
    while firstWilling(function) != nil, let job = firstServable(function, at: now) {
      let receivers = allWilling(function)
      if !numbers.has(receivers.count) { break }
      unschedule(job)
      forgetRuns(of: job)
      let round = receivers.count > 1 ? rounds.insert(Round()) : .none
      let previous = jobs[job].pointee.details.previousRunAt
      for peer in receivers {
        setPreviousRun(of: job, previous)
        handOut(job, to: peer, round: round, at: now, into: &effects)
      }
      cutLoose(job)
      noteServed(function)
      request(&effects)
    }
    refreshWakeUp(function)
  }

  /// Every connection in the function's ring that has a grab outstanding.
  private mutating func allWilling(_ function: Slot) -> [Slot] {
    var receivers: [Slot] = []
    guard nextWilling(function) != nil else { return receivers }
    let head = functions[function].pointee.ring
    var registration = head
    repeat {
      let peer = registrations[registration].pointee.session
      if !sessions[peer].pointee.grabs.isEmpty { receivers.append(peer) }
      registration = registrations[registration].pointee.ringNext
    } while registration != head
    return receivers
  }

  /// One more holder.
  ///
  /// - Returns: whether it is the first: of a round, or the only one there is.
  @inline(__always)
  func joinRound(_ round: Slot) -> Bool {
    if round == .none { return true }
    let record = rounds[round]
    record.pointee.held += 1
    if record.pointee.held == 1 { record.pointee.outcome = .released }
    return record.pointee.held == 1
  }

  /// One holder fewer.
  ///
  /// - Returns: whether it was the last.
  @inline(__always)
  func leaveRound(_ round: Slot) -> Bool {
    if round == .none { return true }
    rounds[round].pointee.held -= 1
    return rounds[round].pointee.held == 0
  }

  /// One run fewer; the round goes with its last.
  @inline(__always)
  func forgetRound(_ round: Slot) {
    if round == .none { return }
    rounds[round].pointee.runs -= 1
    if rounds[round].pointee.runs == 0 { rounds.remove(round) }
  }

  /// Enters what a receiver reported.
  ///
  /// - Returns: what the round comes to, so far.
  func note(_ outcome: RunOutcome, _ round: Slot) -> RunOutcome {
    if round == .none { return outcome }
    let record = rounds[round]
    if outcome.rank >= record.pointee.outcome.rank { record.pointee.outcome = outcome }
    return record.pointee.outcome
  }

  @inline(__always)
  func isHeldByOthers(_ run: Slot) -> Bool {
    let round = runs[run].pointee.round
    return round != .none && rounds[round].pointee.held > 1
  }
}
