import PeriodicCore
import PeriodicEngine

/// Peers of the server's own process, which ask by calls. Messages of the same peers come between.
extension EngineWorld {
  func actDirectly() {
    switch random.below(3) {
    case 0: submitDirectly()
    case 1: pull()
    default: reportDirectly()
    }
  }

  private func submitDirectly() {
    guard let peer = anyPeer() else { return }
    let key = anyKey()
    let version = anyVersion(peer)
    let refusal = roomRefusal(key, version)
    if refusal == nil { modelSubmits(key, version) }
    log("submit \(key) by a call: \(refusal ?? "success")")
    withFields(key, version) { fields in
      let reply = engine.submitDirectly(fields, at: now, into: &effects)
      expect(text(reply) == refusal ?? "success", "a call is answered as a message is")
      takeEffects()
    }
    work()
  }

  private func pull() {
    guard let peer = anyWorker() else { return }
    let pulled = engine.pull(for: peers[peer].session, at: now, into: &effects)
    if let pulled { took(pulled.run, pulled.assignment, peer) } else { expectNothing(for: peer) }
    takeEffects()
    work()
  }

  private func took(_ run: RunHandle, _ assignment: Assignment, _ peer: Int) {
    let key = KeyName(
      function: assignment.job.key.function.text, name: assignment.job.key.name.text)
    log("\(peer) pulls \(key), run \(assignment.fence)")
    guard let waiting = job(key) else { fail("E1: \(key) is pulled, though it is gone") }
    expect(peers[peer].functions.contains(key.function), "\(peer) cannot do \(key.function)")
    expect(!isBroadcast(key.function), "2.3: \(key) goes to those who wait")
    checkReceiver(waiting, peer)
    guard let job = job(key) else { return }
    expect(assignment.fence > lastFence, "fencing numbers only grow")
    lastFence = assignment.fence
    checkContents(assignment, job)
    peers[peer].hasConfirmed = true
    peers[peer].silent[MessageID.none.number] = true
    start(key, assignment, peer, MessageID.none.number)
    pulled.append((key, peer, run))
  }

  private func expectNothing(for peer: Int) {
    log("\(peer) pulls nothing")
    let missed = jobs.first {
      peers[peer].functions.contains($0.key.function) && !isBroadcast($0.key.function)
        && $0.state == .waiting && $0.version.due <= now.wall
    }
    expect(missed == nil, "\(peer) should have got \(String(describing: missed?.key))")
  }

  /// Done, for a run that was pulled, and may be over.
  private func reportDirectly() {
    guard !pulled.isEmpty else { return }
    let (key, peer, handle) = pulled[pulled.count - 1 - random.below(min(8, pulled.count))]
    guard peers[peer].isOpen else { return }
    let data = "result \(steps)"
    let isKnown = job(key)?.runs.contains { $0.peer == peer && $0.fence == handle.fence } ?? false
    log("\(peer) reports run \(handle.fence) of \(key) by a call: \(isKnown)")
    if isKnown {
      peers[peer].hasFinished = true
      modelDone(key, peer, data)
    }
    withBytes(of: data) {
      engine.doneDirectly(handle, $0, by: peers[peer].session, at: now, into: &effects)
      takeEffects()
    }
    work()
  }

  private func withFields(
    _ key: KeyName, _ version: ModelJob.Version, _ body: (JobFields) -> Void
  ) {
    withBytes(of: key.function) { function in
      withBytes(of: key.name) { name in
        withBytes(of: version.workload) { workload in
          body(
            JobFields(
              key: JobKey(function: function, name: name), workload: workload,
              scheduledAt: version.asked, timeout: Int32(version.timeout),
              origin: JobOrigin(rawValue: version.origin) ?? .generation2))
        }
      }
    }
  }
}
