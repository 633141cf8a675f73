import PeriodicCore
import PeriodicEngine

/// How runs end: by a report, by a deadline, or with their worker (PROTOCOL 2.4).
extension EngineWorld {
  /// DONE, FAIL or SCHED_LATER: mostly for a run the peer has, sometimes for any job at all.
  func report() {
    guard let (peer, key) = anyRun() else { return }
    report(peer, key, kind: random.below(3))
  }

  /// A worker and the job that it speaks of: mostly one it has, or had; now and then any.
  func anyRun() -> (peer: Int, key: KeyName)? {
    let runs = jobs.flatMap { job in job.runs.map { (peer: $0.peer, key: job.key) } }
    if !runs.isEmpty, random.chance(80) { return random.pick(runs) }
    guard let peer = anyWorker(), !jobs.isEmpty else { return nil }
    let held = jobs.filter { $0.isHeld }
    return (peer, (held.isEmpty || random.chance(50) ? random.pick(jobs) : random.pick(held)).key)
  }

  func report(_ peer: Int, _ key: KeyName, kind: Int) {
    let delay = random.below(8) - 1
    log("\(peer) reports \(["done", "fail", "later"][kind]) of \(key)")
    let data = random.chance(50) ? "result \(steps)" : ""
    let reference = job(key)?.id
    if job(key)?.run(of: peer) != nil { peers[peer].hasFinished = true }
    switch kind {
    case 0: modelDone(key, peer, data)
    case 1: modelFails(key, peer)
    default: modelPutsOff(key, peer, Int64(max(0, delay)))
    }
    let byNumber = peers[peer].generation == 1 && random.chance(80)
    send(key, body: data, peer, expecting: "success", promise: true) { key, data in
      let run =
        byNumber ? reference.map { RunReference.id(JobID($0)) } ?? .key(key) : .key(key)
      switch kind {
      case 0: return .done(run, data: data)
      case 1: return .fail(run)
      default: return .later(run, delay: Int64(delay), step: 3)
      }
    }
  }

  func modelDone(_ key: KeyName, _ peer: Int, _ data: String) {
    guard let job = job(key), let index = job.run(of: peer) else { return }
    let run = job.runs[index]
    // A run that a deadline took back is heard while nobody else has the job.
    if !run.isHeld {
      if job.isHeld { return }
      update(key) { $0.outcome = .done }
    }
    observe("doneJob:\(key.function):\(now.monotonic - run.startedAt)")
    answerRunners(of: key, "data \(data)", promise: !job.isTransient)
    if run.isHeld { endRun(key, peer, .done) } else { conclude(key) }
  }

  private func modelFails(_ key: KeyName, _ peer: Int) {
    accept(key, peer)
    guard let job = job(key), job.holds(peer) else { return }
    observe("failJob:\(key.function):\(age(of: job, peer))")
    endRun(key, peer, .failed)
  }

  private func modelPutsOff(_ key: KeyName, _ peer: Int, _ delay: Int64) {
    accept(key, peer)
    guard let job = job(key), job.holds(peer) else { return }
    observe("schedLaterJob:\(key.function):\(age(of: job, peer))")
    endRun(key, peer, .later(delay * 1000, step: 3))
  }

  private func age(of job: ModelJob, _ peer: Int) -> Int64 {
    job.run(of: peer).map { now.monotonic - job.runs[$0].startedAt } ?? 0
  }

  /// One receiver's run is over; the job goes on when it was the last that held it.
  func endRun(_ key: KeyName, _ peer: Int, _ outcome: ModelJob.Outcome) {
    update(key) { job in
      job.runs.removeAll { $0.peer == peer }
      note(outcome, in: &job)
    }
    if job(key)?.isHeld == false { conclude(key) }
  }

  /// The strongest word counts, and of several SCHED_LATER the last.
  func note(_ outcome: ModelJob.Outcome, in job: inout ModelJob) {
    switch (job.outcome, outcome) {
    case (.done, _), (_, .nothing), (.later, .failed): break
    default: job.outcome = outcome
    }
  }

  /// Nobody holds the job any more: what its receivers said decides what becomes of it.
  func conclude(_ key: KeyName) {
    guard let job = job(key) else { return }
    releaseAll(key)
    update(key) { job in
      job.outcome = .nothing
      job.waitAgain()
    }
    switch job.outcome {
    case .nothing: break
    case .failed: putBack(key, delay: 1000)
    case .later(let delay, let step):
      update(key) { $0.version.count += step }
      putBack(key, delay: delay)
    case .done:
      if !job.isTransient { promise(key, nil, isPut: false) }
      // Who came after the first result has nothing to hope for.
      vanish(key, saying: "data failed")
    }
  }

  /// The job waits anew; who waits for a result hears that it failed, and a transient job goes
  /// with them.
  func putBack(_ key: KeyName, delay: Int64) {
    guard let job = job(key) else { return }
    let isAwaited = waiters.contains { $0.key == key && !$0.isListener }
    answerRunners(of: key, "data failed")
    if job.isTransient, isAwaited { return vanish(key, saying: nil) }
    sequence += 1
    update(key) { job in
      job.version.due = now.wall + delay
      job.version.scheduledAt = now.wallSeconds + delay / 1000
      job.version.sequence = sequence
    }
  }

  /// The job is gone, whatever the cause (PROTOCOL 2.5).
  func vanish(_ key: KeyName, saying text: String?, freesLocks: Bool = true) {
    for listener in waiters where listener.key == key && listener.isListener {
      answer(listener, "data EOF")
    }
    waiters.removeAll { $0.key == key && $0.isListener }
    if let text { answerRunners(of: key, text) }
    if freesLocks { releaseAll(key) }
    jobs.removeAll { $0.key == key }
    forgetInListing(key)
  }

  /// What runs out now, in the order of its deadlines.
  func tick() {
    log("tick")
    while let expire = nextExpiry() { expire() }
    engine.tick(at: now, into: &effects)
    takeEffects()
    work()
  }

  /// What runs out first of all that has run out by now: at one moment waiters before runs, and
  /// runs before locks.
  func nextExpiry() -> (() -> Void)? {
    var first: (expire: () -> Void, at: Int64, tie: UInt64)?
    func consider(_ time: Int64, _ tie: UInt64, _ expire: @escaping () -> Void) {
      guard time <= now.monotonic else { return }
      if let first, (first.at, first.tie) <= (time, tie) { return }
      first = (expire, time, tie)
    }
    for waiter in waiters {
      consider(waiter.deadline, 0) { self.expire(waiter) }
    }
    for job in jobs {
      for run in job.runs where run.isHeld {
        consider(run.deadline, run.fence) { self.expire(job.key, run) }
      }
    }
    for lock in locks {
      for holder in lock.holders {
        consider(holdingEnd(holder), .max) { self.release(holder.key, lock.name) }
      }
    }
    return first?.expire
  }

  /// A run's lease, or the wait for its worker's word, is over; the worker may still report.
  private func expire(_ key: KeyName, _ run: ModelRun) {
    let isOffer = run.leaseEnd > now.monotonic
    changeRun(key, run.peer) { run in
      run.isHeld = false
      run.isLateOffer = isOffer
      run.awaitsWord = isOffer
      run.offerEnd = .max
    }
    if !isOffer {
      observe("failJob:\(key.function):\(now.monotonic - run.startedAt)")
      update(key) { note(.failed, in: &$0) }
    }
    if job(key)?.isHeld == false { conclude(key) }
  }

  func work() {
    while engine.hasWork {
      // A drop of the simulator's size goes in one slice, and its locks with it.
      for key in unfreed { releaseAll(key) }
      unfreed = []
      engine.work(at: now, into: &effects)
      takeEffects()
    }
    expectNothingMore()
  }
}
