import PeriodicCore
import PeriodicEngine
import PeriodicStore

/// What the engine says and does, held against the model.
extension EngineWorld {
  /// Sends a command with names, and expects this reply and no other.
  func command(
    _ peer: Int, expecting expected: String, _ make: (Bytes, Bytes, Bytes) -> Command,
    names: () -> (String, String, String)
  ) {
    let (function, name, body) = names()
    nextMessage += 1
    let message = nextMessage
    withBytes(of: function) { function in
      withBytes(of: name) { name in
        withBytes(of: body) { body in
          send(make(function, name, body), message, peer, expecting: expected)
        }
      }
    }
  }

  /// Hands a command to the engine.
  func send(_ command: Command, _ message: UInt64, _ peer: Int, expecting expected: String) {
    awaited = (peers[peer].session, message, expected)
    engine.handle(
      command, MessageID(message), from: peers[peer].session, at: now, into: &effects)
    takeEffects()
    expect(awaited == nil, "E5: a request without a reply, expected \(expected)")
  }

  func takeEffects() {
    for effect in effects {
      switch effect {
      case .event: expect(false, "an event that nobody asked for")
      case .store(let operation):
        expect(isDurable, "a store operation without a store")
        collecting.append(operation)
      case .reply(let session, let message, .assign(let assignment), let promise):
        expect(promise == .nothing, "an assignment waits for no batch")
        assigned(assignment, message.number, session)
      case .reply(let session, let message, let reply, _):
        answered(session, message.number, reply)
      }
    }
    effects.removeAll(keepingCapacity: true)
  }

  private func answered(_ session: SessionID, _ message: UInt64, _ reply: Reply) {
    guard let awaited else { fail("E5: an unasked reply \(reply)") }
    expect(awaited.session == session, "E5: a reply on another session")
    expect(awaited.message == message, "E5: a reply under another id")
    let said: String
    switch reply {
    case .success: said = "success"
    case .refused(.limit(let name, _)):
      said = name == .grabsPerConnection ? "limit grabs" : "limit \(name.rawValue)"
    case .refused(let refusal): said = refusal.text == "no job" ? "no such job" : refusal.text
    default: said = "\(reply)"
    }
    expect(said == awaited.expected, "E5: expected \(awaited.expected), got \(said)")
    self.awaited = nil
  }

  private func assigned(_ assignment: Assignment, _ message: UInt64, _ session: SessionID) {
    let key = KeyName(
      function: assignment.job.key.function.text, name: assignment.job.key.name.text)
    log("assign \(key) to \(message), run \(assignment.fence)")
    guard
      let peer = peers.indices.first(where: { peers[$0].session == session && peers[$0].isOpen })
    else { fail("E5: an assignment to a closed session") }
    if expiring.contains(key) { expire(key) }
    guard let index = jobs.firstIndex(where: { $0.key == key }) else {
      fail("E1: \(key) is assigned, though it is gone")
    }
    let job = jobs[index]
    expect(job.state == .waiting, "E2, E8: \(key) is assigned while \(job.state)")
    checkTurn(job)
    expect(peers[peer].functions.contains(key.function), "\(peer) cannot do \(key.function)")
    guard let grab = peers[peer].grabs.firstIndex(of: message) else {
      fail("an assignment without a grab \(message)")
    }
    expect(grab == 0, "the oldest grab is used first")
    peers[peer].grabs.remove(at: grab)
    expect(assignment.fence > lastFence, "fencing numbers only grow")
    lastFence = assignment.fence
    expect(job.id == nil || job.id == assignment.id.number, "a job keeps its number")
    checkContents(assignment, job)
    start(index, assignment, peer, message)
  }

  /// E3 and E4.
  private func checkTurn(_ job: ModelJob) {
    let key = job.key
    let due = job.version.due
    expect(due <= max(now.wall, furthestWall), "E3: \(key) is assigned before its time")
    if due > now.wall { return }
    for other in jobs where other.key.function == key.function && other.state == .waiting {
      let earlier =
        (other.version.due, other.version.sequence) < (due, job.version.sequence)
      expect(
        other.key == key || !earlier || other.version.due > now.wall,
        "E4: \(key) (\(due)) overtakes \(other.key) (\(other.version.due))")
    }
  }

  private func checkContents(_ assignment: Assignment, _ job: ModelJob) {
    let key = job.key
    expect(assignment.job.workload.text == job.version.workload, "\(key): its workload")
    expect(Int(assignment.job.count) == job.version.count, "\(key): its count")
    expect(assignment.job.scheduledAt == job.version.scheduledAt, "\(key): its time")
    expect(assignment.previousRunAt == job.previousRunAt, "\(key): its previous run")
  }

  private func start(_ index: Int, _ assignment: Assignment, _ peer: Int, _ message: UInt64) {
    let silent = peers[peer].silent.removeValue(forKey: message) ?? false
    let generation = peers[peer].generation
    var timeout = jobs[index].version.timeout
    if timeout == 0, generation == 2 || jobs[index].version.origin == 2 { timeout = 600 }
    expect(Int(assignment.job.timeout) == timeout, "\(jobs[index].key): its time limit")
    jobs[index].state = .running(peer: peer, message: message)
    jobs[index].lostBy = nil
    jobs[index].id = assignment.id.number
    jobs[index].fence = assignment.fence
    jobs[index].previousRunAt = now.wallSeconds
    jobs[index].leaseEnd = timeout == 0 ? .max : now.monotonic + Int64(timeout) * 1000
    jobs[index].offerEnd = generation == 2 && !silent ? now.monotonic + 2000 : .max
  }

  /// After every step: the engine's own invariants, its statistics, its wake-up, and that nothing
  /// waits which could go.
  func check() {
    engine.checkInvariants(at: now)
    for function in functionNames {
      let status = withBytes(of: function) { engine.status(of: $0, at: now) }
      expect((status != nil) == functions.contains(function), "E7: \(function) is listed")
      guard let status else { continue }
      let all = jobs.filter { $0.key.function == function }
      let born = all.filter { $0.staged.first.map { $0.before != nil } ?? true }
      expect(status.jobs == born.count, "E7: jobs of \(function)")
      expect(status.running == all.filter { $0.holder != nil }.count, "E7: running \(function)")
      let workers = peers.filter { $0.isOpen && $0.functions.contains(function) }
      expect(status.workers == workers.count, "E7: workers of \(function)")
    }
    checkWakeUp()
  }

  private func checkWakeUp() {
    var earliest = Int64.max
    for peer in peers where peer.isOpen && !peer.grabs.isEmpty {
      for job in jobs where job.state == .waiting && peer.functions.contains(job.key.function) {
        earliest = min(earliest, job.version.due - now.wall)
      }
    }
    for job in jobs where job.holder != nil {
      earliest = min(earliest, job.deadline == .max ? .max : job.deadline - now.monotonic)
    }
    let wake = engine.nextWake(at: now)
    expect(wake <= max(0, earliest), "E10: wake-up in \(wake) ms, needed in \(earliest) ms")
    expect(wake > 0 || earliest <= 0, "E10: woken for nothing, needed in \(earliest) ms")
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
    var left = 4 * jobs.count + 100
    while !jobs.isEmpty {
      left -= 1
      expect(left > 0, "progress: \(jobs.count) jobs are left, \(jobs[0].key) first")
      finishOne(worker)
    }
    flush()
    check()
    expect(store.rows.isEmpty, "E1: all jobs are done, and no row is left")
  }

  private func finishOne(_ worker: Int) {
    if peers[worker].grabs.isEmpty { grab(worker) }
    if !jobs.contains(where: { $0.holder == worker }) {
      now.monotonic += max(1, engine.nextWake(at: now))
      now.wall = max(now.wall, furthestWall) + 30_000
      tick()
    }
    if let index = jobs.firstIndex(where: { $0.holder == worker }) { finish(worker, index) }
    settle()
  }
}
