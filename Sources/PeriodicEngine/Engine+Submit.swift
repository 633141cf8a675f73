import PeriodicCore

extension Engine {
  /// Keeps a job, or a new version of one that waits (PROTOCOL 2.2).
  ///
  /// While the job runs nothing is kept: one run was promised, and one takes place.
  ///
  /// - Returns: why it is not kept, if it is not.
  @inline(__always)
  mutating func submit(
    _ fields: JobFields, at now: Now, into effects: inout Effects
  ) -> Refusal? {
    if let refusal = Engine.check(fields.key) ?? refusal { return refusal }
    let known = findFunction(fields.key.function)
    let hash = known.map { jobHash(fields.key.name, $0) }
    if let known, let hash, let job = findJob(fields.key.name, of: known, hash: hash) {
      if jobs[job].pointee.state == .running {
        keep(job, into: &effects)
      } else {
        if let refusal = checkRoom(for: fields, insteadOf: job) { return refusal }
        replace(job, with: fields, isSubmitted: true, at: now, into: &effects)
      }
      return nil
    }
    if let refusal = checkRoom(for: fields, in: known) { return refusal }
    if numbers.isExhausted { return .storeFailed }
    guard let function = known ?? addFunction(fields.key.function, into: &effects) else {
      return .limit(.functions, value: sortedFunctions.count + 1)
    }
    create(fields, of: function, hash: hash, isTransient: false, at: now, into: &effects)
    return nil
  }

  /// Deletes a job in any state; a worker that has it is not told (PROTOCOL 2.8).
  mutating func remove(_ key: JobKey, at now: Now, into effects: inout Effects) -> Answer {
    guard let function = findFunction(key.function), let job = findJob(key.name, of: function)
    else {
      // It may be gone by a remove that is not durable yet.
      return .durable(.refused(.noSuchJob))
    }
    observe(.removeJob, functions[function].pointee.bytes, into: &effects)
    discard(job, .data(Word.removed.bytes), at: now, into: &effects)
    return .durable(.success)
  }

  /// What is wrong with a pair of names, if anything.
  @inline(__always)
  static func check(_ key: JobKey) -> Refusal? {
    if key.function.isEmpty { return .emptyFunction }
    if key.name.isEmpty { return .emptyName }
    let longest = max(key.function.count, key.name.count)
    if longest > Limits.nameBytes { return .limit(.nameBytes, value: longest) }
    return nil
  }

  /// Why there is no room for a job that is new, or takes the place of one.
  @inline(__always)
  func checkRoom(
    for fields: JobFields, in function: Slot? = nil, insteadOf job: Slot? = nil
  ) -> Refusal? {
    let function = job.map { jobs[$0].pointee.function } ?? function
    let before = job.map { jobs[$0].pointee.byteCount } ?? 0
    let after = fields.key.name.count + fields.workload.count
    let ownJobs = function.map { functions[$0].pointee.jobs } ?? 0
    let ownBytes = function.map { functions[$0].pointee.byteCount } ?? 0
    if job == nil {
      if jobCount >= limits.jobs { return .limit(.jobs, value: jobCount + 1) }
      if ownJobs >= limits.functionJobs { return .limit(.functionJobs, value: ownJobs + 1) }
    }
    if after <= before { return nil }
    let all = byteCount - before + after
    if all > limits.bytes { return .limit(.bytes, value: all) }
    let own = ownBytes - before + after
    return own > limits.functionBytes ? .limit(.functionBytes, value: own) : nil
  }

  /// Makes a new job. A transient one is assignable at once: no store will have it.
  ///
  /// - Parameter hash: of its name, if that is known.
  @inline(__always)
  mutating func create(
    _ fields: JobFields, of function: Slot, hash: UInt32? = nil, isTransient: Bool, at now: Now,
    into effects: inout Effects
  ) {
    let id = JobID(numbers.take())
    let staysOut = staysOut(fields.workload, isTransient: isTransient)
    let job = insertJob(
      id, fields.key, details(fields, now), staysOut ? nil : fields.workload,
      length: fields.workload.count, of: function, due: orderKey(fields, now), hash: hash,
      shared: fields.shared)
    jobs[job].pointee.isTransient = isTransient
    request(&effects)
    observe(.pushJob, functions[function].pointee.bytes, into: &effects)
    if isDurable, !isTransient {
      functions[function].pointee.unborn += 1
      stage(StagedVersion(job: job, batch: collectingBatch, isFirst: true))
      store(.put(stored(job, fields.workload, fields.shared)), into: &effects)
    } else {
      waitAgain(job, at: now, into: &effects)
    }
  }

  /// Replaces a job that nobody runs, as a whole. What was submitted once stays stored; RUN_JOB
  /// alone makes no job that outlives its waiters.
  mutating func replace(
    _ job: Slot, with fields: JobFields, isSubmitted: Bool, at now: Now,
    into effects: inout Effects
  ) {
    let record = jobs[job]
    var version = StagedVersion(job: job, batch: collectingBatch, isFirst: false)
    version.isTransient = record.pointee.isTransient
    version.isAwaited = !isSubmitted
    version.due = record.pointee.due
    version.sequence = record.pointee.sequence
    version.block = record.pointee.block
    version.workloadLength = record.pointee.workloadLength
    version.residence = record.pointee.residence

    unschedule(job)
    releaseClaims(of: job, into: &effects)
    // A worker that lost the job reported on the old version.
    forgetRuns(of: job)
    if isSubmitted { record.pointee.isTransient = false }
    let staysOut = staysOut(fields.workload, isTransient: record.pointee.isTransient)
    let due = orderKey(fields, now)
    let block = makeBlock(
      record.pointee.name, details(fields, now), staysOut ? nil : fields.workload,
      fields.shared, due: due)
    setBlock(of: job, block, fields.workload.count, staysOut ? .details : .whole)
    record.pointee.due = due
    record.pointee.sequence = nextSequence()
    observe(
      .pushJob, functions[record.pointee.function].pointee.bytes, into: &effects)
    if isDurable, !record.pointee.isTransient {
      stage(version)
      store(.put(stored(job, fields.workload, fields.shared)), into: &effects)
    } else {
      releaseBlock(of: version, nameLength: record.pointee.nameLength)
      waitAgain(job, at: now, into: &effects)
    }
  }

  /// A job that runs has been submitted too: no second run, but the store keeps it from now on.
  private mutating func keep(_ job: Slot, into effects: inout Effects) {
    let record = jobs[job]
    // With a version on its way the promise is made anew: that batch may yet fail.
    if isDurable, record.pointee.isTransient || newestStaged(job) != .none {
      var version = StagedVersion(job: job, batch: collectingBatch, isFirst: false)
      version.keepsFields = true
      version.isTransient = record.pointee.isTransient
      stage(version)
      store(.put(stored(job, record.pointee.workload, record.pointee.shared)), into: &effects)
    }
    record.pointee.isTransient = false
  }

  @inline(__always)
  private func details(_ fields: JobFields, _ now: Now) -> JobDetails {
    JobDetails(
      scheduledAt: shownTime(fields, now), timeout: max(0, fields.timeout), count: fields.count,
      origin: fields.origin)
  }

  /// The row of a job, with a workload that need not be kept here.
  private func stored(
    _ job: Slot, _ workload: Bytes, _ shared: Unmanaged<SharedBytes>?
  ) -> StoredJob {
    let record = jobs[job].pointee
    let details = record.details
    var fields = JobFields(
      key: key(of: job), workload: workload, scheduledAt: details.scheduledAt,
      timeout: details.timeout, count: details.count, origin: details.origin)
    fields.shared = shared
    return StoredJob(
      id: record.id, job: fields, due: record.due, previousRunAt: Int64(details.previousRunAt))
  }

  /// max(when to run, now): a job for a past time overtakes nobody.
  @inline(__always)
  private func orderKey(_ fields: JobFields, _ now: Now) -> Int64 {
    max(fields.scheduledAt.secondsInMilliseconds, now.wall)
  }

  /// The time that JOB_ASSIGN will carry: as submitted, except that generation 2 raises the past.
  @inline(__always)
  private func shownTime(_ fields: JobFields, _ now: Now) -> Int64 {
    fields.origin == .generation1 ? fields.scheduledAt : max(fields.scheduledAt, now.wallSeconds)
  }
}
