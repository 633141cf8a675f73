import PeriodicCore
import PeriodicServer
import PeriodicWire

/// Requests of generation 2: RUN_JOB, RECV_DATA, locks, settings; and the end of service.
extension ServerWorld {
  func runJob() {
    let runnable = keys.filter { $0.function != lockFunction }
    guard let peer = anySubmitter(.two),
      let (key, version) = newVersion(random.pick(runnable))
    else { return }
    // A job that only RUN_JOB asked for may go without a word to who submits it meanwhile.
    let timeout = Int32(random.below(20))
    log("\(peer.number) runs \(key) as \(version) for \(timeout) s")
    with(key, ServerWorld.workload(version)) { key, workload in
      .run(JobFields(key: key, workload: workload, timeout: timeout))
    } send: {
      peer.send($0, as: .run(key))
    }
  }

  func listen() {
    guard let peer = anySubmitter(.two) else { return }
    let key = random.pick(keys)
    let timeout = Int32(random.below(20))
    log("\(peer.number) listens to \(key) for \(timeout) s")
    with(key, "") { key, _ in
      .receiveData(JobFields(key: key, timeout: timeout))
    } send: {
      peer.send($0, as: .listen(key, isHeard: false))
    }
  }

  /// Pieces carry their sender and a number that grows.
  func sendData() {
    guard let peer = anyPeer(worker: true, .two), let job = peer.held.first else { return }
    pieces += 1
    with(job.key, "\(job.key) \(peer.number) \(pieces)") { key, data in
      .workData(.key(key), data: data)
    } send: {
      peer.send($0, as: .report(job.key))
    }
  }

  /// Only for jobs that nobody removes, drops or runs, so that who holds a lock is known here.
  func acquire() {
    guard let peer = anyPeer(worker: true, .two),
      let index = peer.held.firstIndex(where: { $0.key.function == lockFunction && !$0.isAsking })
    else { return }
    let lock = random.below(2)
    let key = peer.held[index].key
    peer.held[index].isAsking = true
    log("\(peer.number) asks l\(lock) for \(key)")
    with(key, "l\(lock)") { key, name in
      .acquire(lock: name, capacity: UInt16(lock + 1), .key(key))
    } send: {
      peer.send($0, as: .acquire("l\(lock)", key))
    }
  }

  func releaseLock() {
    // Not while an answer is on its way, which would tell of the time before.
    guard let peer = anyPeer(worker: true, .two), let lock = peer.locks.first,
      !peer.held.contains(where: { $0.key == lock.key && $0.isAsking })
    else { return }
    peer.locks.removeFirst()
    log("\(peer.number) releases \(lock.name) for \(lock.key)")
    with(lock.key, lock.name) { key, name in
      .release(lock: name, .key(key))
    } send: {
      peer.send($0, as: .report(lock.key))
    }
  }

  /// Values only grow, so that each tells which SET it came from.
  func useSettings() {
    guard let peer = anySubmitter(.two) else { return }
    let key = random.pick(["max-batch-size", "run-job-aggressive", "poll-interval"])
    if random.chance(50) {
      let newest = acknowledgedSettings[key] ?? 0
      withBytes(of: key) { peer.send(.getSetting(key: $0), as: .get(key, newest: newest)) }
      return
    }
    let isBusy = peers.contains { peer in
      peer.isOpen
        && peer.outstanding.values.contains { if case .set(key, _) = $0 { true } else { false } }
    }
    if isBusy { return }
    lastSetting += 1
    log("\(peer.number) sets \(key) to \(lastSetting)")
    withBytes(of: key) {
      peer.send(.setSetting(key: $0, value: UInt32(lastSetting)), as: .set(key, lastSetting))
    }
  }

  /// E6, as far as it can be seen from outside: who was told that it holds a lock, and has said
  /// nothing since that gives it back.
  func checkLocks() {
    for lock in 0..<2 {
      let holders = peers.filter { $0.isOpen }.flatMap { $0.locks }.filter { $0.name == "l\(lock)" }
      expect(holders.count <= lock + 1, "E6: l\(lock) is held by \(holders)")
    }
  }

  /// SHUTDOWN: everything promised is kept, everything closes, and the next process begins.
  func shutDown() {
    guard let peer = anyPeer(worker: false, .two) else { return }
    log("\(peer.number) asks for the end")
    isEnding = true
    peer.sendUnasked(.shutdown)
  }

  /// What a settings reply may be: nothing older than what was acknowledged before the question.
  func check(_ value: UInt32, of key: String, _ newest: Int) {
    if key == "poll-interval" { return expect(value == 0, "2.9: \(key) is \(value)") }
    let isDefault = newest == 0 && (value == 500 || value == 0)
    expect(
      isDefault || (Int(value) >= newest && Int(value) <= lastSetting),
      "2.9: \(key) is \(value), though \(newest) was acknowledged")
  }
}
