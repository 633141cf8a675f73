import PeriodicCore
import PeriodicEngine

/// Hand-outs, held against the model.
extension EngineWorld {
  func assigned(_ assignment: Assignment, _ message: UInt64, _ session: SessionID) {
    let key = KeyName(
      function: assignment.job.key.function.text, name: assignment.job.key.name.text)
    log("assign \(key) to \(message), run \(assignment.fence)")
    guard
      let peer = peers.indices.first(where: { peers[$0].session == session && peers[$0].isOpen })
    else { fail("E5: an assignment to a closed session") }
    guard let waiting = job(key) else { fail("E1: \(key) is assigned, though it is gone") }
    expect(peers[peer].functions.contains(key.function), "\(peer) cannot do \(key.function)")
    checkReceiver(waiting, peer)
    guard let job = job(key), let grab = peers[peer].grabs.firstIndex(of: message) else {
      fail("an assignment without a grab \(message)")
    }
    expect(grab == 0, "the oldest grab is used first")
    peers[peer].grabs.remove(at: grab)
    expect(assignment.fence > lastFence, "fencing numbers only grow")
    lastFence = assignment.fence
    expect(job.id == nil || job.id == assignment.id.number, "a job keeps its number")
    checkContents(assignment, job)
    start(key, assignment, peer, message)
  }

  /// E2: a job that waits goes to one connection, or, of a broadcast function, to every one that
  /// has a grab outstanding.
  func checkReceiver(_ job: ModelJob, _ peer: Int) {
    if var list = receivers {
      expect(list.key == job.key, "2.3: \(job.key) comes between the receivers of \(list.key)")
      guard let index = list.peers.firstIndex(of: peer) else {
        fail("E2: \(peer) gets \(job.key), which it has or had no grab for")
      }
      list.peers.remove(at: index)
      receivers = list.peers.isEmpty ? nil : list
      return
    }
    expect(job.state == .waiting, "E2, E8: \(job.key) is assigned while \(job.state)")
    checkTurn(job)
    update(job.key) { job in
      job.runs = []
      job.hasSeveralReceivers = false
    }
    guard isBroadcast(job.key.function) else { return }
    let willing = peers.indices.filter {
      peers[$0].isOpen && peers[$0].functions.contains(job.key.function)
        && !peers[$0].grabs.isEmpty
    }
    expect(willing.contains(peer), "2.3: \(peer) has no grab outstanding")
    update(job.key) { $0.hasSeveralReceivers = willing.count > 1 }
    let others = willing.filter { $0 != peer }
    receivers = others.isEmpty ? nil : (job.key, others)
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

  func checkContents(_ assignment: Assignment, _ job: ModelJob) {
    let key = job.key
    expect(assignment.job.workload.text == job.version.workload, "\(key): its workload")
    expect(Int(assignment.job.count) == job.version.count, "\(key): its count")
    expect(assignment.job.scheduledAt == job.version.scheduledAt, "\(key): its time")
    // The receivers of a broadcast hear when the job was handed out before all of them.
    let previous = job.runs.isEmpty ? job.version.previousRunAt : job.runBefore
    expect(assignment.previousRunAt == previous, "\(key): its previous run")
  }

  func start(_ key: KeyName, _ assignment: Assignment, _ peer: Int, _ message: UInt64) {
    guard let job = job(key) else { return }
    let silent = peers[peer].silent.removeValue(forKey: message) ?? false
    let generation = peers[peer].generation
    var timeout = job.version.timeout
    if timeout == 0, generation == 2 || job.version.origin == 2 { timeout = setting("timeout") }
    expect(Int(assignment.job.timeout) == timeout, "\(key): its time limit")
    let offer = now.monotonic + Int64(setting("assign-wait")) * 1000
    let run = ModelRun(
      peer: peer, message: message, fence: assignment.fence, startedAt: now.monotonic,
      leaseEnd: timeout == 0 ? .max : now.monotonic + Int64(timeout) * 1000,
      offerEnd: generation == 2 && !silent ? offer : .max)
    update(key) { job in
      if job.runs.isEmpty { job.runBefore = job.version.previousRunAt }
      job.state = .running
      job.id = assignment.id.number
      job.version.previousRunAt = now.wallSeconds
      job.runs.append(run)
    }
  }
}
