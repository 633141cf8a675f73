import PeriodicCore

/// ACQUIRE and RELEASE: named locks with a count (PROTOCOL 2.6).
///
/// A job, not a worker, holds a lock. A job that meets a full one is taken from its worker and
/// waits in the lock's queue, keeping other locks that it holds; it gets the lock the moment one is
/// free, and is handed out again as its holder.
///
/// - Invariant: E6. No job becomes the holder of a lock that has as many holders as the largest
///   count that its holders and its queue asked for.
extension Engine {
  mutating func acquire(
    _ name: Bytes, _ capacity: UInt16, _ reference: RunReference, _ peer: Slot, at now: Now,
    into effects: inout Effects
  ) -> Answer {
    if let refusal = Engine.checkLock(name) { return .now(.refused(refusal)) }
    guard let run = findRun(reference, peer) else { return .now(.acquired(false)) }
    accept(run, at: now)
    guard runs[run].pointee.state.isHeld else { return .now(.acquired(false)) }
    let job = runs[run].pointee.job
    let known = findLock(name)
    if let known, let claim = findClaim(job, known) {
      return .now(.acquired(claims[claim].pointee.isHolder))
    }
    let count = claimCount(job)
    if count >= limits.locksPerJob {
      return .now(.refused(.limit(.locksPerJob, value: count + 1)))
    }
    let wanted = max(1, capacity)
    if let known, locks[known].pointee.holders >= max(locks[known].pointee.capacity, wanted) {
      if runs[run].pointee.round != .none {
        // The other receivers go on with the job: it cannot wait.
        leave(run, as: .released, at: now, into: &effects)
      } else {
        endRun(run)
        addClaim(job, known, wanted, peer, isHolder: false, at: now)
        enterLocked(job)
      }
      return .now(.acquired(false))
    }
    addClaim(job, known ?? insertLock(name), wanted, peer, isHolder: true, at: now)
    observe(.acquireLock, name, into: &effects)
    return .now(.acquired(true))
  }

  /// Heard from the holder of the run, and from the connection whose ACQUIRE made the job wait.
  mutating func release(
    _ name: Bytes, _ reference: RunReference, _ peer: Slot, at now: Now,
    into effects: inout Effects
  ) -> Answer {
    if let refusal = Engine.checkLock(name) { return .now(.refused(refusal)) }
    if let run = findRun(reference, peer) {
      accept(run, at: now)
      if runs[run].pointee.state.isHeld, let lock = findLock(name),
        let claim = findClaim(runs[run].pointee.job, lock)
      {
        removeClaim(claim, into: &effects)
      }
      return .now(.success)
    }
    if case .key(let key) = reference, let function = findFunction(key.function),
      let job = findJob(key.name, of: function), let queued = queuedClaim(job),
      claims[queued].pointee.session == id(of: peer),
      let lock = findLock(name), let claim = findClaim(job, lock)
    {
      // One that the job holds meanwhile it gives back, and waits on for the other.
      if claim == queued { unschedule(job) }
      removeClaim(claim, into: &effects)
      if claim == queued { waitAgain(job, at: now, into: &effects) }
    }
    return .now(.success)
  }

  /// A run has ended, or the job goes: what it holds is free, and it waits for nothing.
  @inline(__always)
  mutating func releaseClaims(of job: Slot, into effects: inout Effects) {
    while case let claim = firstClaim(job), claim != .none {
      removeClaim(claim, into: &effects)
    }
  }

  /// The lock has been held for as long as it may be; the job runs on without it.
  mutating func expireHolding(_ claim: Slot, into effects: inout Effects) {
    removeClaim(claim, into: &effects)
  }

  /// Gives what has become free to those who wait longest.
  mutating func handLocksOn(at now: Now, into effects: inout Effects) {
    var index = 0
    // A job of a dropped function goes when it is woken, and frees what it holds.
    while index < markedLocks.count {
      let lock = markedLocks[index]
      let record = locks[lock]
      index += 1
      record.pointee.isMarked = false
      while record.pointee.firstQueued != .none,
        record.pointee.holders < Int(record.pointee.capacity)
      {
        let claim = record.pointee.firstQueued
        let job = claims[claim].pointee.job
        unlinkClaim(claim)
        linkClaim(claim, isHolder: true, at: now)
        observe(.acquireLock, record.pointee.bytes, into: &effects)
        unschedule(job)
        waitAgain(job, at: now, into: &effects)
      }
      if record.pointee.isUnused, !record.pointee.isMarked { removeLock(lock) }
    }
    markedLocks.removeAll(keepingCapacity: true)
  }

  static func checkLock(_ name: Bytes) -> Refusal? {
    if name.isEmpty { return .malformed("lock name is empty") }
    return name.count > Limits.nameBytes ? .limit(.nameBytes, value: name.count) : nil
  }
}
