public import PeriodicCore

/// The engine's half of the commit gate: versions that wait for their batch.
extension Engine {
  /// Every store operation emitted while `collectingBatch` was at most `batch` is durable, except
  /// the puts of batches that failed.
  public mutating func committed(
    _ batch: UInt64, at now: Now, into effects: inout Effects
  ) {
    observe(now)
    let wasExhausted = numbers.isExhausted
    numbers.committed(batch)
    committedBatch = max(committedBatch, batch)
    settleCommitted(at: now, into: &effects)
    if wasExhausted, !numbers.isExhausted {
      for function in sortedFunctions { serveFunction(function, at: now, into: &effects) }
    }
    serveMarked(at: now, into: &effects)
  }

  /// The puts of this batch were not written: what they staged is taken back, newest first. All
  /// other operations of the batch still count as on their way.
  public mutating func failed(_ batch: UInt64, at now: Now, into effects: inout Effects) {
    observe(now)
    while !hasSettled(committedBatch) {
      settleCommitted(at: now, into: &effects)
    }
    keepWarm(batch)
    var refused: [Slot] = []
    while !hasSettled(batch) {
      refused.append(popStaged())
    }
    for version in refused.reversed() { takeBack(version, at: now, into: &effects) }
    serveMarked(at: now, into: &effects)
  }

  /// Whether every durable version up to `batch` is counted and assignable.
  public func hasSettled(_ batch: UInt64) -> Bool {
    firstStaged == .none || versions[firstStaged].pointee.batch > batch
  }

  /// Enters a version at the end of the line; the job's fields are already the new ones.
  mutating func stage(_ version: StagedVersion) {
    let slot = versions.insert(version)
    let older = newestStaged(version.job)
    versions[slot].pointee.older = older
    if older != .none { versions[older].pointee.newer = slot }
    changeActivity(of: version.job) { $0.staged = slot }
    if !version.keepsFields { jobs[version.job].pointee.state = .staged }
    if lastStaged == .none {
      firstStaged = slot
    } else {
      versions[lastStaged].pointee.next = slot
    }
    lastStaged = slot
  }

  /// Lets a bounded number of durable versions become assignable.
  public mutating func settleCommitted(at now: Now, into effects: inout Effects) {
    var left = 1024
    while left > 0, !hasSettled(committedBatch) {
      left -= 1
      let slot = popStaged()
      let version = versions[slot].pointee
      unlink(slot)
      if version.job == .none { continue }
      let job = jobs[version.job]
      if version.isFirst { functions[job.pointee.function].pointee.unborn -= 1 }
      releaseBlock(of: version, nameLength: job.pointee.nameLength)
      waitUnlessHeld(version.job, at: now, into: &effects)
      // One that was submitted while it ran may have been put back since, which is not durable yet.
      if !version.keepsFields { cool(version.job, at: now) }
    }
  }

  /// Cuts a job's versions loose: the job is going.
  @inline(__always)
  mutating func detachVersions(of job: Slot) {
    if case let newest = newestStaged(job), newest != .none { detach(newest, of: job) }
  }

  private mutating func detach(_ newest: Slot, of job: Slot) {
    var slot = newest
    while slot != .none {
      let version = versions[slot]
      if version.pointee.isFirst { functions[jobs[job].pointee.function].pointee.unborn -= 1 }
      releaseBlock(of: version.pointee, nameLength: jobs[job].pointee.nameLength)
      version.pointee.block = nil
      version.pointee.job = .none
      slot = version.pointee.older
    }
    changeActivity(of: job) { $0.staged = .none }
  }

  /// Frees the bytes of the version before this one.
  mutating func releaseBlock(of version: StagedVersion, nameLength: UInt8) {
    if let block = version.block {
      let length = Int(version.workloadLength)
      releaseBlock(block, Int(nameLength), length, version.residence)
    }
  }

  private mutating func popStaged() -> Slot {
    let slot = firstStaged
    firstStaged = versions[slot].pointee.next
    if firstStaged == .none { lastStaged = .none }
    return slot
  }

  /// Takes a version out of its job's chain and frees it.
  private func unlink(_ slot: Slot) {
    let version = versions[slot].pointee
    if version.job != .none {
      if version.newer == .none {
        changeActivity(of: version.job) { $0.staged = version.older }
      } else {
        versions[version.newer].pointee.older = version.older
      }
      if version.older != .none { versions[version.older].pointee.newer = version.newer }
    }
    versions.remove(slot)
  }

  /// Undoes one version that the store refused: into the job, or into the version that came after.
  private mutating func takeBack(_ slot: Slot, at now: Now, into effects: inout Effects) {
    let version = versions[slot].pointee
    unlink(slot)
    if version.job == .none { return }
    let job = jobs[version.job]
    // The result of the version before is not what was asked for.
    if version.isAwaited {
      answerRuns(of: version.job, .refused(.storeFailed), into: &effects)
    }
    if version.keepsFields {
      if version.newer != .none {
        versions[version.newer].pointee.isTransient = version.isTransient
      } else {
        job.pointee.isTransient = version.isTransient
        waitUnlessHeld(version.job, at: now, into: &effects)
      }
      return
    }
    if version.newer != .none {
      // The newer version stands on what this one stood on.
      let newer = versions[version.newer]
      releaseBlock(of: newer.pointee, nameLength: job.pointee.nameLength)
      adopt(newer, from: version)
      return
    }
    if version.isFirst {
      functions[job.pointee.function].pointee.unborn -= 1
      return deleteUnborn(version.job, into: &effects)
    }
    restore(version.job, from: version)
    waitUnlessHeld(version.job, at: now, into: &effects)
  }

  /// Lets a job wait for its turn whose last staged version has been settled.
  private mutating func waitUnlessHeld(_ job: Slot, at now: Now, into effects: inout Effects) {
    let record = jobs[job]
    if newestStaged(job) != .none || record.pointee.state != .staged { return }
    waitAgain(job, at: now, into: &effects)
  }

  /// A job that no store ever had: there is no row to delete.
  private mutating func deleteUnborn(_ job: Slot, into effects: inout Effects) {
    let function = jobs[job].pointee.function
    endWaiters(of: job, .refused(.storeFailed), into: &effects)
    deleteJob(job)
    freeIfEmpty(function, into: &effects)
  }

  private func adopt(
    _ newer: UnsafeMutablePointer<StagedVersion>, from version: StagedVersion
  ) {
    newer.pointee.isFirst = version.isFirst
    newer.pointee.isTransient = version.isTransient
    newer.pointee.due = version.due
    newer.pointee.sequence = version.sequence
    newer.pointee.block = version.block
    newer.pointee.workloadLength = version.workloadLength
    newer.pointee.residence = version.residence
  }

  private mutating func restore(_ job: Slot, from version: StagedVersion) {
    guard let block = version.block else { fatalError("a version before this one has bytes") }
    let record = jobs[job]
    releaseBlock(of: record.pointee)
    setBlock(of: job, block, Int(version.workloadLength), version.residence)
    record.pointee.isTransient = version.isTransient
    record.pointee.due = version.due
    record.pointee.sequence = version.sequence
  }
}
