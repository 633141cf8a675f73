import PeriodicCore
import PeriodicEngine

/// Workers' words about runs, true and false ones.
extension EngineWorld {
  /// 33 or 34 for a message, usually of a run that is offered.
  func confirm(_ takes: Bool) {
    guard let peer = anyWorker() else { return }
    let offered = jobs.indices.filter { jobs[$0].isUnconfirmed(by: peer) }
    let index = offered.isEmpty || random.chance(5) ? nil : random.pick(offered)
    let message = index.flatMap { jobs[$0].message } ?? 1_000_000
    log("\(peer) \(takes ? "takes" : "refuses") \(message)")
    peers[peer].hasConfirmed = true
    if let index { takes ? modelTakes(index) : modelRefuses(index) }
    engine.handle(
      takes ? .assigned : .unassigned, MessageID(message), from: peers[peer].session, at: now,
      into: &effects)
    takeEffects()
  }

  private func modelTakes(_ index: Int) {
    if let lost = jobs[index].lostBy {
      jobs[index].lostBy?.isOffer = false
      if jobs[index].state == .waiting, lost.leaseEnd > now.monotonic { revive(index, lost) }
    } else {
      jobs[index].offerEnd = .max
    }
  }

  private func revive(_ index: Int, _ lost: ModelJob.Lost) {
    jobs[index].state = .running(peer: lost.peer, message: lost.message)
    jobs[index].leaseEnd = lost.leaseEnd
    jobs[index].offerEnd = .max
    jobs[index].lostBy = nil
  }

  private func modelRefuses(_ index: Int) {
    if jobs[index].lostBy != nil {
      jobs[index].lostBy = nil
    } else {
      jobs[index].state = .waiting
    }
  }

  /// DONE, FAIL or SCHED_LATER: mostly for a run the peer has, sometimes for any job at all.
  func report() {
    guard let peer = anyWorker(), !jobs.isEmpty else { return }
    let mine = jobs.indices.filter { jobs[$0].holder == peer || jobs[$0].lostBy?.peer == peer }
    let index = mine.isEmpty || random.chance(15) ? random.below(jobs.count) : random.pick(mine)
    report(peer, index, kind: random.below(3))
  }

  func finish(_ peer: Int, _ index: Int) { report(peer, index, kind: 0) }

  private func report(_ peer: Int, _ index: Int, kind: Int) {
    let delay = random.below(8) - 1
    let job = jobs[index]
    log("\(peer) reports \(["done", "fail", "later"][kind]) of \(job.key)")
    let isMine = job.holder == peer || job.lostBy?.peer == peer
    if isMine { peers[peer].hasFinished = true }
    switch kind {
    case 0 where isMine:
      promise(job.key, nil, isPut: false)
      jobs.remove(at: index)
    case 1 where holds(peer, index): putBack(index, delay: 1000, promised: true)
    case 2 where holds(peer, index):
      jobs[index].version.count += 3
      putBack(index, delay: Int64(max(0, delay)) * 1000, promised: true)
    default: break
    }
    let byNumber = job.id != nil && random.chance(50)
    command(peer, expecting: "success") { function, name, _ in
      let run =
        byNumber
        ? RunReference.id(JobID(job.id ?? 0))
        : .key(JobKey(function: function, name: name))
      switch kind {
      case 0: return .done(run, data: .none)
      case 1: return .fail(run)
      default: return .later(run, delay: Int64(delay), step: 3)
      }
    } names: {
      (job.key.function, job.key.name, "")
    }
  }

  /// Whether a report that puts the job back is heard: an expired offer is revived by it.
  private func holds(_ peer: Int, _ index: Int) -> Bool {
    if jobs[index].holder == peer { return true }
    guard let lost = jobs[index].lostBy, lost.peer == peer, lost.isOffer,
      jobs[index].state == .waiting, lost.leaseEnd > now.monotonic
    else {
      // Even an unheard report ends the wait for the worker's word.
      if jobs[index].lostBy?.peer == peer { jobs[index].lostBy?.isOffer = false }
      return false
    }
    return true
  }

  /// The job waits anew.
  func putBack(_ index: Int, delay: Int64, promised: Bool = false) {
    sequence += 1
    jobs[index].state = .waiting
    jobs[index].lostBy = nil
    jobs[index].version.due = now.wall + delay
    jobs[index].version.scheduledAt = now.wallSeconds + delay / 1000
    jobs[index].version.sequence = sequence
    if promised, isDurable {
      promise(jobs[index].key, jobs[index].version.workload, isPut: false)
    }
  }

  /// What runs out now, in the order of its deadline.
  func tick() {
    log("tick")
    expiring = jobs.indices.filter { jobs[$0].deadline <= now.monotonic }
      .sorted { (jobs[$0].deadline, jobs[$0].fence) < (jobs[$1].deadline, jobs[$1].fence) }
      .map { jobs[$0].key }
    engine.tick(at: now, into: &effects)
    takeEffects()
    work()
    while let key = expiring.first { expire(key) }
  }

  /// One job's deadline passes.
  func expire(_ key: KeyName) {
    expiring.removeAll { $0 == key }
    guard let index = jobs.firstIndex(where: { $0.key == key }),
      case .running(let peer, let message) = jobs[index].state
    else { return }
    let isOffer = jobs[index].leaseEnd > now.monotonic
    let lost = ModelJob.Lost(
      peer: peer, message: message, isOffer: isOffer, leaseEnd: jobs[index].leaseEnd)
    jobs[index].state = .waiting
    jobs[index].offerEnd = .max
    if !isOffer { putBack(index, delay: 1000) }
    jobs[index].lostBy = lost
  }

  func work() {
    while engine.hasWork {
      engine.work(at: now, into: &effects)
      takeEffects()
    }
  }
}
