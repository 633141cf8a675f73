import PeriodicCore

/// The tables of locks: finding, adding and taking away.
extension Engine {
  func findLock(_ name: Bytes) -> Slot? {
    lockIndex.find(seededHash(name, 0)) { locks[$0].pointee.bytes.equals(name) }
  }

  func findClaim(_ job: Slot, _ lock: Slot) -> Slot? {
    var claim = firstClaim(job)
    while claim != .none, claims[claim].pointee.lock != lock {
      claim = claims[claim].pointee.nextOfJob
    }
    return claim == .none ? nil : claim
  }

  /// Where a locked job waits.
  func queuedClaim(_ job: Slot) -> Slot? {
    guard jobs[job].pointee.state == .locked else { return nil }
    var claim = firstClaim(job)
    while claims[claim].pointee.isHolder { claim = claims[claim].pointee.nextOfJob }
    return claim
  }

  func claimCount(_ job: Slot) -> Int {
    var count = 0
    var claim = firstClaim(job)
    while claim != .none {
      count += 1
      claim = claims[claim].pointee.nextOfJob
    }
    return count
  }

  mutating func insertLock(_ name: Bytes) -> Slot {
    let lock = locks.insert(
      LockRecord(name: copy(name), nameLength: UInt8(name.count)))
    lockIndex.insert(lock, hash: seededHash(name, 0))
    return lock
  }

  mutating func removeLock(_ lock: Slot) {
    lockIndex.remove(lock, hash: seededHash(locks[lock].pointee.bytes, 0))
    // Events of this call may still borrow the name.
    retiredNames.append(locks[lock].pointee.bytes)
    locks.remove(lock)
  }

  mutating func addClaim(
    _ job: Slot, _ lock: Slot, _ capacity: UInt16, _ peer: Slot, isHolder: Bool, at now: Now
  ) {
    let claim = claims.insert(
      Claim(
        lock: lock, job: job, session: id(of: peer), capacity: capacity, isHolder: isHolder,
        heldSince: 0))
    claims[claim].pointee.nextOfJob = firstClaim(job)
    changeActivity(of: job) { $0.claim = claim }
    let record = locks[lock]
    if capacity > record.pointee.capacity {
      record.pointee.capacity = capacity
      record.pointee.atCapacity = 0
      // There may be room now for those who asked for less.
      if record.pointee.firstQueued != .none { markLock(lock) }
    }
    if capacity == record.pointee.capacity { record.pointee.atCapacity += 1 }
    linkClaim(claim, isHolder: isHolder, at: now)
  }

  mutating func removeClaim(_ claim: Slot, into effects: inout Effects) {
    let record = claims[claim].pointee
    let lock = locks[record.lock]
    unlinkClaim(claim)
    if record.isHolder {
      observe(.releaseLock, lock.pointee.bytes, since: record.heldSince, into: &effects)
    }
    var before = firstClaim(record.job)
    if before == claim {
      changeActivity(of: record.job) { $0.claim = record.nextOfJob }
    } else {
      while claims[before].pointee.nextOfJob != claim { before = claims[before].pointee.nextOfJob }
      claims[before].pointee.nextOfJob = record.nextOfJob
    }
    claims.remove(claim)
    if record.capacity == lock.pointee.capacity {
      lock.pointee.atCapacity -= 1
      if lock.pointee.atCapacity == 0 { recountCapacity(lock) }
    }
    markLock(record.lock)
  }

  /// Notes a lock that may have become free, to be handed on at the end of the call.
  private mutating func markLock(_ lock: Slot) {
    if locks[lock].pointee.isMarked { return }
    locks[lock].pointee.isMarked = true
    markedLocks.append(lock)
  }

  /// The capacity follows the largest count among holders and queue. Those who asked for the
  /// largest are gone; who else there is has to be looked at.
  private func recountCapacity(_ lock: UnsafeMutablePointer<LockRecord>) {
    lock.pointee.capacity = 0
    lock.pointee.atCapacity = 0
    for first in [lock.pointee.firstHolder, lock.pointee.firstQueued] {
      var claim = first
      while claim != .none {
        let capacity = claims[claim].pointee.capacity
        if capacity > lock.pointee.capacity {
          lock.pointee.capacity = capacity
          lock.pointee.atCapacity = 0
        }
        if capacity == lock.pointee.capacity { lock.pointee.atCapacity += 1 }
        claim = claims[claim].pointee.next
      }
    }
  }

  mutating func linkClaim(_ claim: Slot, isHolder: Bool, at now: Now) {
    let record = claims[claim]
    let lock = locks[record.pointee.lock]
    record.pointee.isHolder = isHolder
    record.pointee.previous = .none
    record.pointee.next = .none
    if isHolder {
      record.pointee.heldSince = now.monotonic
      record.pointee.next = lock.pointee.firstHolder
      if record.pointee.next != .none { claims[record.pointee.next].pointee.previous = claim }
      lock.pointee.firstHolder = claim
      lock.pointee.holders += 1
      record.pointee.heapTie = nextSequence()
      holdings.insert(claim, key: now.monotonic, in: claims)
    } else {
      record.pointee.previous = lock.pointee.lastQueued
      if lock.pointee.lastQueued == .none {
        lock.pointee.firstQueued = claim
      } else {
        claims[lock.pointee.lastQueued].pointee.next = claim
      }
      lock.pointee.lastQueued = claim
    }
  }

  mutating func unlinkClaim(_ claim: Slot) {
    let record = claims[claim]
    let lock = locks[record.pointee.lock]
    let (previous, next) = (record.pointee.previous, record.pointee.next)
    if previous != .none { claims[previous].pointee.next = next }
    if next != .none { claims[next].pointee.previous = previous }
    if record.pointee.isHolder {
      if previous == .none { lock.pointee.firstHolder = next }
      lock.pointee.holders -= 1
      holdings.remove(claim, in: claims)
    } else {
      if previous == .none { lock.pointee.firstQueued = next }
      if next == .none { lock.pointee.lastQueued = previous }
    }
  }
}
