import PeriodicCore

/// Runs: from hand-out to report, or to the deadline that ends them.
extension Engine {
  /// Enters a fresh run everywhere.
  @inline(__always)
  mutating func startRun(
    _ run: Slot, _ job: Slot, _ held: UnsafeMutablePointer<JobRecord>,
    _ session: UnsafeMutablePointer<SessionRecord>, at now: Now
  ) {
    let record = runs[run]
    if session.pointee.traits.namesRunsByNumber {
      runIndex.insert(run, hash: numberHash(held.pointee.id.number))
    }
    if record.pointee.round != .none { rounds[record.pointee.round].pointee.runs += 1 }
    let first = session.pointee.firstRun
    record.pointee.next = first
    if first != .none { runs[first].pointee.previous = run }
    session.pointee.firstRun = run
    session.pointee.runs += 1
    record.pointee.nextOfJob = firstRun(held)
    setFirstRun(held, run)
    hold(run, record, held, at: now)
  }

  /// Makes the job the worker's: at hand-out, and when a late word revives an expired offer.
  @inline(__always)
  private mutating func hold(
    _ run: Slot, _ record: UnsafeMutablePointer<Run>, _ job: UnsafeMutablePointer<JobRecord>,
    at now: Now
  ) {
    if joinRound(record.pointee.round) { enterRunning(record.pointee.job, job) }
    if record.pointee.state == .offered {
      addOffer(run)
      let wait = Int64(max(1, settings.assignWait)) * 1000
      setDeadline(
        run, record, min(record.pointee.leaseEnd, now.monotonic.addingSaturated(wait)))
    } else {
      setDeadline(run, record, record.pointee.leaseEnd)
    }
  }

  @inline(__always)
  private func enterRunning(_ slot: Slot, _ job: UnsafeMutablePointer<JobRecord>) {
    let function = functions[job.pointee.function]
    let next = function.pointee.firstRunning
    job.pointee.state = .running
    job.pointee.previous = .none
    job.pointee.next = next
    if next != .none { jobs[next].pointee.previous = slot }
    function.pointee.firstRunning = slot
    function.pointee.running += 1
  }

  /// Takes the job back from the worker and keeps the run, for a word or a report that may still
  /// come. The caller decides when the job is due again.
  mutating func giveBack(_ run: Slot, as state: RunState) {
    let record = runs[run]
    invariant(record.pointee.state.isHeld, "E2: only a held run is given back")
    record.pointee.state = state
    setDeadline(run, record, .max)
    if state == .leaseExpired { removeOffer(run, record) }
    if leaveRound(record.pointee.round) { leaveRunning(jobs[record.pointee.job]) }
  }

  /// Takes a run out of everything and frees it. A held job is left in no list.
  @inline(__always)
  mutating func endRun(_ run: Slot) {
    let record = runs[run]
    let job = jobs[record.pointee.job]
    if record.pointee.state.isHeld, leaveRound(record.pointee.round) { leaveRunning(job) }
    forgetRound(record.pointee.round)
    setDeadline(run, record, .max)
    removeOffer(run, record)
    let session = sessions[record.pointee.session]
    if session.pointee.traits.namesRunsByNumber {
      runIndex.remove(run, hash: numberHash(job.pointee.id.number))
    }
    let (previous, next) = (record.pointee.previous, record.pointee.next)
    if previous == .none {
      session.pointee.firstRun = next
    } else {
      runs[previous].pointee.next = next
    }
    if next != .none { runs[next].pointee.previous = previous }
    session.pointee.runs -= 1

    var before = firstRun(job)
    if before == run {
      setFirstRun(job, record.pointee.nextOfJob)
    } else {
      while runs[before].pointee.nextOfJob != run { before = runs[before].pointee.nextOfJob }
      runs[before].pointee.nextOfJob = record.pointee.nextOfJob
    }
    // Whoever has a handle of it finds it gone.
    record.pointee.fence = 0
    runs.remove(run)
  }

  /// Ends every run of a job: it is handed out anew, replaced or gone.
  @inline(__always)
  mutating func forgetRuns(of job: Slot) {
    let record = jobs[job]
    if record.pointee.activity != .none { endRuns(of: record) }
  }

  private mutating func endRuns(of job: UnsafeMutablePointer<JobRecord>) {
    while case let run = firstRun(job), run != .none { endRun(run) }
  }

  /// The worker says that it took the job that was assigned under this id (PROTOCOL 2.3).
  mutating func confirm(_ message: MessageID, _ peer: Slot, at now: Now) {
    sessions[peer].pointee.hasConfirmed = true
    if let run = findOffer(message, peer) { accept(run, at: now) }
  }

  /// A worker that grabs again under an id has got what was assigned under it.
  mutating func confirmByGrab(_ message: MessageID, _ peer: Slot, at now: Now) {
    guard let run = findOffer(message, peer), runs[run].pointee.state.isHeld else { return }
    accept(run, at: now)
  }

  /// Counts a run as taken; revives one whose offer expired, unless the job has gone on.
  mutating func accept(_ run: Slot, at now: Now) {
    let record = runs[run]
    switch record.pointee.state {
    case .accepted, .leaseExpired: return
    case .offered:
      removeOffer(run, record)
      record.pointee.state = .accepted
      setDeadline(run, record, record.pointee.leaseEnd)
    case .offerExpired:
      removeOffer(run, record)
      let job = record.pointee.job
      switch jobs[job].pointee.state {
      case .ready, .scheduled: if record.pointee.leaseEnd <= now.monotonic { return }
      // Replaced meanwhile, or held by others of its round.
      case .staged, .running, .locked, .free: return
      }
      unschedule(job)
      record.pointee.state = .accepted
      hold(run, record, jobs[job], at: now)
    }
  }

  /// The worker does not want the job that was assigned under this id: ready again at once.
  mutating func refuse(
    _ message: MessageID, _ peer: Slot, at now: Now, into effects: inout Effects
  ) {
    sessions[peer].pointee.hasConfirmed = true
    guard let run = findOffer(message, peer) else { return }
    if runs[run].pointee.state.isHeld {
      leave(run, as: .released, at: now, into: &effects)
    } else {
      endRun(run)
    }
  }

  /// The run of this connection that a report names.
  mutating func findRun(_ reference: RunReference, _ peer: Slot) -> Slot? {
    switch reference {
    case .id(let id):
      return runIndex.find(numberHash(id.number)) { run in
        runs[run].pointee.session == peer
          && jobs[runs[run].pointee.job].pointee.id == id
          && !functions[jobs[runs[run].pointee.job].pointee.function].pointee.isDropped
      }
    case .key(let key):
      guard let function = findFunction(key.function), let job = findJob(key.name, of: function)
      else { return nil }
      var run = firstRun(job)
      while run != .none, runs[run].pointee.session != peer { run = runs[run].pointee.nextOfJob }
      return run == .none ? nil : run
    }
  }

  /// Puts a job that nobody holds back under the order key it has; frees it if its function has
  /// been dropped.
  @inline(__always)
  mutating func waitAgain(_ job: Slot, at now: Now, into effects: inout Effects) {
    let record = jobs[job]
    invariant(record.pointee.state != .running, "E2: a job that waits is held by nobody")
    let function = record.pointee.function
    if functions[function].pointee.isDropped {
      return deleteDropped(job, at: now, into: &effects)
    }
    record.pointee.state = .staged
    // What became of it while it ran is not durable yet; it waits for that first.
    if newestStaged(job) != .none { return }
    schedule(job, at: now)
    mark(function)
  }

  /// The oldest run that waits for this worker's word under this id.
  private func findOffer(_ message: MessageID, _ peer: Slot) -> Slot? {
    var oldest: Slot?
    _ = offerIndex.find(messageHash(message, peer)) { slot in
      let run = offers[slot].pointee.run
      guard runs[run].pointee.session == peer, runs[run].pointee.message == message else {
        return false
      }
      if let known = oldest, runs[known].pointee.fence < runs[run].pointee.fence { return false }
      oldest = run
      return false
    }
    return oldest
  }

  @inline(__always)
  private mutating func setDeadline(
    _ run: Slot, _ record: UnsafeMutablePointer<Run>, _ time: Int64
  ) {
    if record.pointee.wheelBucket >= 0 { deadlines.remove(run, in: runs) }
    if time != .max { deadlines.insert(run, key: time, in: runs) }
  }

  @inline(__always)
  private func leaveRunning(_ job: UnsafeMutablePointer<JobRecord>) {
    let function = functions[job.pointee.function]
    let (previous, next) = (job.pointee.previous, job.pointee.next)
    if previous == .none {
      function.pointee.firstRunning = next
    } else {
      jobs[previous].pointee.next = next
    }
    if next != .none { jobs[next].pointee.previous = previous }
    job.pointee.previous = .none
    job.pointee.next = .none
    job.pointee.state = .staged
    function.pointee.running -= 1
  }

  private func offerHash(_ run: Slot) -> UInt32 {
    messageHash(runs[run].pointee.message, runs[run].pointee.session)
  }

  private mutating func addOffer(_ run: Slot) {
    let offer = offers.insert(Offer(run: run))
    offerIndex.insert(offer, hash: offerHash(run))
    runs[run].pointee.offer = offer
  }

  @inline(__always)
  private mutating func removeOffer(_ run: Slot, _ record: UnsafeMutablePointer<Run>) {
    let offer = record.pointee.offer
    if offer == .none { return }
    offerIndex.remove(offer, hash: offerHash(run))
    offers.remove(offer)
    record.pointee.offer = .none
  }
}
