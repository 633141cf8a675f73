import PeriodicCore
import PeriodicEngine

/// What must hold after every step, and the demand for progress at the end.
extension EngineWorld {
  /// The engine's own invariants, its statistics, its wake-up, and that nothing waits which could
  /// go.
  func check() {
    engine.checkInvariants(at: now)
    for function in functionNames {
      let status = withBytes(of: function) { engine.status(of: $0, at: now) }
      expect((status != nil) == functions.contains(function), "E7: \(function) is listed")
      guard let status else { continue }
      let all = jobs.filter { $0.key.function == function }
      let born = all.filter { !$0.isUnborn }
      expect(status.jobs == born.count, "E7: jobs of \(function)")
      expect(status.running == all.filter { $0.isHeld }.count, "E7: running \(function)")
      let locked = all.filter { if case .locked = $0.state { true } else { false } }
      expect(status.locked == locked.count, "E7: locked \(function)")
      let workers = peers.filter { $0.isOpen && $0.functions.contains(function) }
      expect(status.workers == workers.count, "E7: workers of \(function)")
    }
    checkModel()
    checkWakeUp()
  }

  /// The model's own sense: what it says of jobs, waiters and locks agrees with itself.
  private func checkModel() {
    for job in jobs {
      expect((job.state == .running) == job.isHeld, "\(job.key): running means held")
      if case .locked(let name) = job.state {
        let lock = locks.first { $0.name == name }
        expect(lock?.queue.contains { $0.key == job.key } == true, "\(job.key): is queued")
        expect(lock?.isFree == false, "E6: \(name) is free while \(job.key) waits for it")
      }
    }
    for waiter in waiters where !waiter.isListener {
      expect(job(waiter.key) != nil, "2.5: somebody waits for \(waiter.key), which is gone")
    }
  }

  /// E10.
  private func checkWakeUp() {
    var earliest = Int64.max
    var needed = Int64.max
    for peer in peers where peer.isOpen && !peer.grabs.isEmpty {
      for job in jobs where job.state == .waiting && peer.functions.contains(job.key.function) {
        // What must be read from the store first is asked for before its time.
        let lead: Int64 = isDurable ? 1000 : 0
        needed = min(needed, job.version.due - now.wall)
        earliest = min(earliest, max(0, job.version.due - now.wall - lead))
      }
    }
    var deadlines = jobs.flatMap { $0.runs.map { $0.deadline } }
    deadlines += waiters.map { $0.deadline }
    deadlines += locks.flatMap { $0.holders.map { holdingEnd($0) } }
    if let first = deadlines.min(), first != .max {
      earliest = min(earliest, first - now.monotonic)
      needed = min(needed, first - now.monotonic)
    }
    // What is being read is handed out when it is there.
    if reading != nil || engine.wantsReads { return }
    let wake = engine.nextWake(at: now)
    expect(wake <= max(0, needed), "E10: wake-up in \(wake) ms, needed in \(needed) ms")
    expect(
      wake > 0 || earliest <= 0 || engine.hasWork,
      "E10: woken for nothing, needed in \(earliest) ms")
  }

  /// Ends the faults and demands progress: every job is run to its end.
  func heal() {
    flush()
    work()
    log("heal")
    for peer in peers.indices where peers[peer].isOpen { close(peer) }
    openPeer(worker: true)
    let worker = peers.count - 1
    for function in functionNames where functions.contains(function) { register(worker, function) }
    // Without it jobs that took two locks in opposite order would wait for each other for ever.
    set("lock-timeout", 5, by: worker)
    var left = 4 * jobs.count + 100
    while !jobs.isEmpty {
      left -= 1
      expect(left > 0, "progress: \(jobs.count) jobs are left, \(jobs[0].key) first")
      finishOne(worker)
    }
    flush()
    check()
    expect(store.rows.isEmpty, "E1: all jobs are done, and no row is left")
    expect(waiters.isEmpty && locks.isEmpty, "E6: \(locks) are held by no job")
  }

  private func finishOne(_ worker: Int) {
    if peers[worker].grabs.isEmpty { grab(worker) }
    if !jobs.contains(where: { $0.holds(worker) }) {
      now.monotonic += max(1, engine.nextWake(at: now))
      now.wall = max(now.wall, furthestWall) + 30_000
      tick()
      read()
    }
    if let job = jobs.first(where: { $0.holds(worker) }) { report(worker, job.key, kind: 0) }
    settle()
  }
}
