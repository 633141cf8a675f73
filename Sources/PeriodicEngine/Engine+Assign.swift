import PeriodicCore

/// Who gets what. A due job goes to the connections that wait for its function, round robin; a
/// freed slot goes to its connection's functions, round robin (DESIGN "Fairness").
extension Engine {
  /// Serves the functions that got a job back in this call: only then, so that jobs which come
  /// together leave in their order.
  @inline(__always)
  mutating func serveMarked(at now: Now, into effects: inout Effects) {
    if marked.isEmpty, markedLocks.isEmpty, overflow.isEmpty { return }
    serveAllMarked(at: now, into: &effects)
  }

  private mutating func serveAllMarked(at now: Now, into effects: inout Effects) {
    if !markedLocks.isEmpty { handLocksOn(at: now, into: &effects) }
    for function in marked {
      functions[function].pointee.isMarked = false
      serveFunction(function, at: now, into: &effects)
    }
    if !marked.isEmpty { marked.removeAll(keepingCapacity: true) }
    if !overflow.isEmpty { parkOverflow() }
  }

  /// Has a function served at the end of the call, if anybody may wait for it.
  @inline(__always)
  mutating func mark(_ function: Slot) {
    let record = functions[function]
    if record.pointee.isMarked || record.pointee.ring == .none { return }
    record.pointee.isMarked = true
    marked.append(function)
  }

  /// Hands out the function's due jobs while somebody waits for them.
  mutating func serveFunction(_ function: Slot, at now: Now, into effects: inout Effects) {
    if functions[function].pointee.isBroadcast {
      return serveBroadcast(function, at: now, into: &effects)
    }
    // Asked first: for nobody nothing is read from the store.
    while firstWilling(function) != nil, let job = firstServable(function, at: now),
      let peer = nextWilling(function)
    {
      guard assign(job, to: peer, at: now, into: &effects) else { return }
    }
    refreshWakeUp(function)
  }

  /// Fills the connection's free slots from its functions, each in turn; when none has a due job,
  /// the connection waits in the ring of every function.
  mutating func serveSession(_ peer: Slot, at now: Now, into effects: inout Effects) {
    let session = sessions[peer]
    var idle = 0
    while idle < session.pointee.registrations, !session.pointee.grabs.isEmpty {
      let registration = session.pointee.cursor
      let function = registrations[registration].pointee.function
      session.pointee.cursor = registrations[registration].pointee.next
      if functions[function].pointee.isBroadcast {
        let grabs = session.pointee.grabs.count
        enterRing(registration)
        serveBroadcast(function, at: now, into: &effects)
        idle = session.pointee.grabs.count == grabs ? idle + 1 : 0
      } else if let job = firstServable(function, at: now) {
        guard assign(job, to: peer, at: now, into: &effects) else { return waitInRings(peer) }
        idle = 0
      } else {
        enterRing(registration)
        idle += 1
      }
    }
  }

  /// The next connection in the function's ring that has a grab outstanding; the ring moves on.
  mutating func nextWilling(_ function: Slot) -> Slot? {
    guard let registration = firstWilling(function) else { return nil }
    functions[function].pointee.ring = registrations[registration].pointee.ringNext
    return registrations[registration].pointee.session
  }

  /// The first registration in the function's ring whose connection has a grab outstanding. Those
  /// whose grabs are used up leave the ring on the way; they come back with their next grab.
  @inline(__always)
  mutating func firstWilling(_ function: Slot) -> Slot? {
    while functions[function].pointee.ring != .none {
      let registration = functions[function].pointee.ring
      let peer = registrations[registration].pointee.session
      if !sessions[peer].pointee.grabs.isEmpty { return registration }
      leaveRing(registration)
    }
    return nil
  }

  /// Hands one due job to one connection with a grab outstanding. `false` if no run number is left
  /// until the store has reserved more.
  private mutating func assign(
    _ job: Slot, to peer: Slot, at now: Now, into effects: inout Effects
  ) -> Bool {
    if numbers.isExhausted { return false }
    unschedule(job)
    forgetRuns(of: job)
    handOut(job, to: peer, round: .none, at: now, into: &effects)
    cutLoose(job)
    noteServed(jobs[job].pointee.function)
    request(&effects)
    return true
  }

  /// Gives a job, which is in no list, or held by others of its round, to one connection, for its
  /// oldest grab.
  mutating func handOut(
    _ job: Slot, to peer: Slot, round: Slot, at now: Now, into effects: inout Effects
  ) {
    let grab = sessions[peer].pointee.grabs.popFirst()
    let isOffer = sessions[peer].pointee.traits.confirms && !grab.needsNoConfirmation
    var assignment = Assignment.none
    _ = begin(
      job, by: peer, round: round, under: grab.message, as: isOffer ? .offered : .accepted, at: now,
      &assignment)
    effects.append(.reply(id(of: peer), grab.message, .assign(assignment), .nothing))
  }

  /// Begins a run of a job, which is in no list, or held by others of its round.
  ///
  /// - Parameter assignment: what the worker hears of it; filled in.
  @inline(__always)
  mutating func begin(
    _ job: Slot, by peer: Slot, round: Slot, under message: MessageID, as state: RunState,
    at now: Now, _ assignment: inout Assignment
  ) -> Slot {
    let record = jobs[job]
    let details = record.pointee.details
    let timeout = lease(details, sessions[peer].pointee.traits)
    let leaseEnd =
      timeout == 0 ? .max : now.monotonic.addingSaturated(Int64(timeout) * 1000)
    let fence = numbers.take()
    let run = runs.insert(
      Run(
        job: job, session: peer, round: round, message: message, fence: fence, state: state,
        startedAt: now.monotonic, leaseEnd: leaseEnd))
    startRun(run, job, record, sessions[peer], at: now)

    // It may move the bytes.
    setPreviousRun(of: job, UInt32(clamping: now.wallSeconds))
    assignment.id = record.pointee.id
    assignment.job = fields(job, details)
    assignment.job.timeout = timeout
    assignment.previousRunAt = Int64(details.previousRunAt)
    assignment.fence = fence
    return run
  }

  /// Seconds that a run may take: the job's, or the server's for generation 2 on either side; 0 is
  /// no limit (PROTOCOL 2.13).
  @inline(__always)
  private func lease(_ details: JobDetails, _ traits: SessionTraits) -> Int32 {
    if details.timeout > 0 { return details.timeout }
    let fills = traits.fillsTimeout || details.origin == .generation2
    return fills ? Int32(clamping: settings.timeout) : 0
  }

  private mutating func waitInRings(_ peer: Slot) {
    var registration = sessions[peer].pointee.cursor
    for _ in 0..<sessions[peer].pointee.registrations {
      enterRing(registration)
      registration = registrations[registration].pointee.next
    }
  }

  /// Asks the store for more numbers, if it is time.
  @inline(__always)
  mutating func request(_ effects: inout Effects) {
    if isDurable, let limit = numbers.reservation(in: collectingBatch) {
      effects.append(.store(.reserve(upTo: limit)))
    }
  }

  mutating func enterRing(_ slot: Slot) {
    let registration = registrations[slot]
    if registration.pointee.isInRing { return }
    let function = functions[registration.pointee.function]
    let head = function.pointee.ring
    if head == .none {
      registration.pointee.ringPrevious = slot
      registration.pointee.ringNext = slot
      function.pointee.ring = slot
    } else {
      let last = registrations[head].pointee.ringPrevious
      registration.pointee.ringPrevious = last
      registration.pointee.ringNext = head
      registrations[last].pointee.ringNext = slot
      registrations[head].pointee.ringPrevious = slot
    }
    refreshWakeUp(registration.pointee.function)
  }

  mutating func leaveRing(_ slot: Slot) {
    let registration = registrations[slot]
    guard registration.pointee.isInRing else { return }
    let function = functions[registration.pointee.function]
    let next = registration.pointee.ringNext
    if next == slot {
      function.pointee.ring = .none
    } else {
      let previous = registration.pointee.ringPrevious
      registrations[previous].pointee.ringNext = next
      registrations[next].pointee.ringPrevious = previous
      if function.pointee.ring == slot { function.pointee.ring = next }
    }
    registration.pointee.ringNext = .none
    registration.pointee.ringPrevious = .none
    refreshWakeUp(registration.pointee.function)
  }
}
