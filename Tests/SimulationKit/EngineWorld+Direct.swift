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

  /// Up to four jobs in one call, as far as they leave nothing to be carried out between them.
  private func submitDirectly() {
    guard let peer = anyPeer() else { return }
    let submits = (0...random.below(4)).map { _ in (key: anyKey(), version: anyVersion(peer)) }
    let fields = submits.map { lent($0.key, $0.version) }
    var count = 0
    while count < fields.count {
      var refusals: [Int: String] = [:]
      let first = count
      count += fields[first...].withUnsafeBufferPointer { jobs in
        engine.submitDirectly(jobs, at: now, into: &effects) { index, refusal in
          refusals[first + index] = text(.refused(refusal))
        }
      }
      for index in first..<count {
        handOn()
        let (key, version) = submits[index]
        let refusal = roomRefusal(key, version)
        if refusal == nil { modelSubmits(key, version) }
        log("submit \(key) by a call: \(refusal ?? "success")")
        expect(refusals[index] == refusal, "a call is answered as a message is")
      }
      takeEffects()
    }
    for bytes in lentBytes { bytes.deallocate() }
    lentBytes = []
    work()
  }

  private func pull() {
    guard let peer = anyWorker() else { return }
    let most = 1 + random.below(3)
    var count = 0
    while count < most, peers[peer].isOpen {
      let pulled = engine.pull(
        for: peers[peer].session, atMost: most - count, at: now, into: &effects
      ) { took($0, $1.pointee, peer) }
      if pulled == 0 { expectNothing(for: peer) }
      takeEffects()
      if pulled == 0 { break }
      count += pulled
    }
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

  /// Done, for up to three runs of one worker that were pulled, and may be over.
  private func reportDirectly() {
    guard let peer = pulled.last?.peer, peers[peer].isOpen else { return }
    let near = pulled.suffix(8).filter { $0.peer == peer }
    let reported = (0...random.below(3)).map { _ in near[random.below(near.count)] }
    let data = Array("result \(steps)".utf8)
    data.withUnsafeBytes { data in
      let reports = reported.map { DoneReport($0.run, .none, data) }
      var count = 0
      while count < reports.count, peers[peer].isOpen {
        let first = count
        count += reports[first...].withUnsafeBufferPointer {
          engine.doneDirectly(by: peers[peer].session, $0, at: now, into: &effects)
        }
        for (key, _, handle) in reported[first..<count] {
          handOn()
          let isKnown =
            job(key)?.runs.contains { $0.peer == peer && $0.fence == handle.fence } ?? false
          log("\(peer) reports run \(handle.fence) of \(key) by a call: \(isKnown)")
          if isKnown {
            peers[peer].hasFinished = true
            modelDone(key, peer, data.text)
          }
        }
        takeEffects()
      }
    }
    work()
  }

  /// The fields of a job in memory that stays until the step is over.
  private func lent(_ key: KeyName, _ version: ModelJob.Version) -> JobFields {
    func lend(_ text: String) -> Bytes {
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
      copy.copyBytes(from: text.utf8)
      lentBytes.append(copy)
      return Bytes(copy)
    }
    return JobFields(
      key: JobKey(function: lend(key.function), name: lend(key.name)),
      workload: lend(version.workload), scheduledAt: version.asked,
      timeout: Int32(version.timeout),
      origin: JobOrigin(rawValue: version.origin) ?? .generation2)
  }
}
