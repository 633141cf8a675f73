import PeriodicCore
import PeriodicEngine

/// Named locks with a capacity (PROTOCOL 2.6).
extension EngineWorld {
  func acquire() {
    guard let (peer, key) = anyRun() else { return }
    let name = random.pick(lockNames)
    let maximum = random.below(4)
    let expected = modelAcquires(key, peer, name, max(1, maximum))
    log("\(peer) asks \(name) of \(maximum) for \(key): \(expected)")
    send(key, body: name, peer, expecting: expected) { key, lock in
      .acquire(lock: lock, capacity: UInt16(maximum), .key(key))
    }
  }

  private func modelAcquires(
    _ key: KeyName, _ peer: Int, _ name: String, _ maximum: Int
  ) -> String {
    accept(key, peer)
    guard let job = job(key), job.holds(peer) else { return "acquired false" }
    let holds = locks.filter { lock in lock.holders.contains { $0.key == key } }
    if holds.contains(where: { $0.name == name }) { return "acquired true" }
    if holds.count >= limits.locksPerJob { return "limit locks_per_job" }
    var lock = locks.first { $0.name == name } ?? ModelLock(name: name)
    let entry = ModelLock.Entry(key: key, peer: peer, maximum: maximum)
    if lock.holders.count < max(lock.capacity, maximum) {
      keep(lock)
      hold(entry, name)
      return "acquired true"
    }
    if job.hasSeveralReceivers {
      endRun(key, peer, .nothing)
      return "acquired false"
    }
    lock.queue.append(entry)
    keep(lock)
    // It keeps the other locks that it holds.
    update(key) { job in
      job.runs = []
      job.state = .locked(name)
    }
    return "acquired false"
  }

  func releaseLock() {
    guard var (peer, key) = anyRun() else { return }
    let waiting = locks.flatMap { lock in lock.queue.map { (lock: lock.name, entry: $0) } }
    let wanted = waiting.isEmpty || random.chance(70) ? nil : random.pick(waiting)
    if let wanted, peers[wanted.entry.peer].isOpen {
      // Now and then by a worker that has nothing to do with it.
      (peer, key) = (random.chance(80) ? wanted.entry.peer : peer, wanted.entry.key)
    }
    let queued = waiting.map { $0.entry }.filter { $0.peer == peer }
    let name = random.chance(80) ? wanted?.lock ?? random.pick(lockNames) : random.pick(lockNames)
    log("\(peer) releases \(name) for \(key)")
    accept(key, peer)
    if job(key)?.holds(peer) == true {
      release(key, name)
    } else if queued.contains(where: { $0.key == key }) {
      // Heard from the connection whose ACQUIRE queued the job, also for a lock that it holds.
      release(key, name)
      if job(key)?.state == .locked(name) {
        leaveQueue(key)
        update(key) { $0.waitAgain() }
      }
    }
    send(key, body: name, peer, expecting: "success") { key, lock in
      .release(lock: lock, .key(key))
    }
  }

  private func keep(_ lock: ModelLock) {
    if let index = locks.firstIndex(where: { $0.name == lock.name }) {
      locks[index] = lock
    } else {
      locks.append(lock)
    }
  }

  private func hold(_ entry: ModelLock.Entry, _ name: String) {
    guard let index = locks.firstIndex(where: { $0.name == name }) else { return }
    var entry = entry
    entry.since = now.monotonic
    locks[index].holders.append(entry)
    observe("acquireLock:\(name):0")
  }

  /// When a holding ends at the latest, by the setting as it is now.
  func holdingEnd(_ entry: ModelLock.Entry) -> Int64 {
    let limit = setting("lock-timeout")
    return limit == 0 ? .max : entry.since + Int64(limit) * 1000
  }

  /// A job gives back one lock, if it holds it.
  func release(_ key: KeyName, _ name: String) {
    guard let index = locks.firstIndex(where: { $0.name == name }),
      let place = locks[index].holders.firstIndex(where: { $0.key == key })
    else { return }
    let entry = locks[index].holders.remove(at: place)
    observe("releaseLock:\(name):\(now.monotonic - entry.since)")
  }

  /// What ends a turn, or replaces or deletes a job, releases what it holds and waits for.
  func releaseAll(_ key: KeyName) {
    for name in locks.map({ $0.name }) { release(key, name) }
    leaveQueue(key)
  }

  /// The job waits for no lock any more.
  private func leaveQueue(_ key: KeyName) {
    for index in locks.indices { locks[index].queue.removeAll { $0.key == key } }
  }

  /// At the end of every act freed slots go to the first of the queue, whose jobs are ready under
  /// their old order keys.
  func handOn() {
    for name in locks.map({ $0.name }) {
      while let index = locks.firstIndex(where: { $0.name == name }), locks[index].isFree,
        !locks[index].queue.isEmpty
      {
        let next = locks[index].queue.removeFirst()
        hold(next, name)
        update(next.key) { $0.waitAgain() }
      }
    }
    locks.removeAll { $0.holders.isEmpty && $0.queue.isEmpty }
  }
}
