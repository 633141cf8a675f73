import PeriodicCore

/// What jobs are made of, in the arena; and what they have while something happens to them.
extension Engine {
  // MARK: Bytes

  /// Copies a name, and what else of a job there shall be, into a new block. A large workload is
  /// kept where it is, if somebody keeps it there. The details of a job that waits for its time
  /// grow when it is handed out.
  @inline(__always)
  mutating func makeBlock(
    _ name: Bytes, _ details: JobDetails?, _ workload: Bytes?,
    _ shared: Unmanaged<SharedBytes>? = nil, due: Int64 = 0
  ) -> UnsafeMutableRawPointer {
    let form = details.map { DetailsForm($0, due: due, isDue: due <= lastWall) }
    let header = name.count + (form?.size ?? 0)
    let block = bytes.allocate(header + KeptWorkloads.room(workload?.count ?? 0))
    block.copyShort(name)
    if let details, let form { form.write(details, at: block + name.count) }
    if let workload, let source = workload.baseAddress, workload.count > 0 {
      cachedBytes += workload.count
      if KeptWorkloads.isLarge(workload.count) {
        keep(workload, shared, at: block + header)
      } else {
        (block + header).copyMemory(from: source, byteCount: workload.count)
      }
    }
    return block
  }

  @inline(never)
  private mutating func keep(
    _ workload: Bytes, _ shared: Unmanaged<SharedBytes>?, at address: UnsafeMutableRawPointer
  ) {
    let shared = shared?.takeUnretainedValue() ?? SharedBytes(copying: workload)
    address.storeBytes(of: workloads.keep(shared), as: KeptWorkloads.Place.self)
  }

  /// Copies a name that belongs to no job.
  mutating func copy(_ name: Bytes) -> UnsafeMutableRawPointer { makeBlock(name, nil, nil) }

  @inline(__always)
  mutating func releaseBlock(of job: JobRecord) {
    let length = Int(job.workloadLength)
    releaseBlock(job.block, Int(job.nameLength), length, job.residence)
  }

  @inline(__always)
  mutating func releaseBlock(
    _ block: UnsafeMutableRawPointer, _ name: Int, _ workload: Int, _ residence: Residence
  ) {
    var size = name
    if residence != .name { size += DetailsForm(at: block + name).size }
    if residence == .whole {
      cachedBytes -= workload
      if KeptWorkloads.isLarge(workload) { letGo(block + size) }
      size += KeptWorkloads.room(workload)
    }
    bytes.release(block, size)
  }

  @inline(never)
  private mutating func letGo(_ address: UnsafeMutableRawPointer) {
    workloads.release(address.loadUnaligned(as: KeptWorkloads.Place.self))
  }

  /// Gives a job another block, and counts what changes with it.
  mutating func setBlock(
    of job: Slot, _ block: UnsafeMutableRawPointer, _ workload: Int, _ residence: Residence
  ) {
    let record = jobs[job]
    let function = functions[record.pointee.function]
    let growth = workload - Int(record.pointee.workloadLength)
    function.pointee.byteCount += growth
    if !function.pointee.isDropped { byteCount += growth }
    if record.pointee.residence != .whole { function.pointee.away -= 1 }
    if residence != .whole { function.pointee.away += 1 }
    record.pointee.block = block
    record.pointee.workloadLength = UInt32(workload)
    record.pointee.residence = residence
  }

  /// Changes the details of a job, whose order key is the new one already.
  ///
  /// - Precondition: they are in memory, and no effect of this call borrows its bytes.
  mutating func setDetails(of job: Slot, _ details: JobDetails) {
    let record = jobs[job]
    let present = DetailsForm(at: record.pointee.detailsPlace)
    if present.isWhole { return present.write(details, at: record.pointee.detailsPlace) }
    let old = record.pointee
    let isWhole = old.residence == .whole
    record.pointee.block = makeBlock(
      old.name, details, isWhole ? old.workload : nil, isWhole ? old.shared : nil, due: old.due)
    releaseBlock(of: old)
  }

  /// Enters when a job was handed out last.
  @inline(__always)
  mutating func setPreviousRun(of job: Slot, _ seconds: UInt32) {
    let place = jobs[job].pointee.detailsPlace
    if DetailsForm(at: place).isWhole { return DetailsForm.setPreviousRun(seconds, at: place) }
    var details = jobs[job].pointee.details
    details.previousRunAt = seconds
    setDetails(of: job, details)
  }

  /// The fields of a job with these details, borrowed from its record.
  ///
  /// - Precondition: all of it is in memory.
  @inline(__always)
  func fields(_ job: Slot, _ details: JobDetails) -> JobFields {
    let record = jobs[job]
    invariant(record.pointee.residence == .whole, "a job is handed out with its workload")
    var fields = JobFields(
      key: key(of: job), workload: record.pointee.workload, scheduledAt: details.scheduledAt,
      timeout: details.timeout, count: details.count, origin: details.origin)
    fields.shared = record.pointee.shared
    return fields
  }

  @inline(__always)
  func key(of job: Slot) -> JobKey {
    JobKey(
      function: functions[jobs[job].pointee.function].pointee.bytes, name: jobs[job].pointee.name)
  }

  // MARK: Activity

  @inline(__always)
  func changeActivity(of job: Slot, _ body: (inout Activity) -> Void) {
    let record = jobs[job]
    let slot: Slot
    if record.pointee.activity.isLoneRun {
      slot = activities.insert(Activity(run: record.pointee.activity.loneRun))
      record.pointee.activity = .record(slot)
    } else {
      slot = record.pointee.activity.record
    }
    body(&activities[slot].pointee)
    if activities[slot].pointee.isLoneRun {
      record.pointee.activity = .run(activities[slot].pointee.run)
      activities.remove(slot)
    }
  }

  @inline(__always)
  func setFirstRun(_ record: UnsafeMutablePointer<JobRecord>, _ run: Slot) {
    if record.pointee.activity.isLoneRun {
      record.pointee.activity = .run(run)
    } else {
      activities[record.pointee.activity.record].pointee.run = run
    }
  }

  /// The newest of its runs, held or given back.
  @inline(__always)
  func firstRun(_ job: Slot) -> Slot { firstRun(jobs[job]) }

  @inline(__always)
  func firstRun(_ record: UnsafeMutablePointer<JobRecord>) -> Slot {
    let activity = record.pointee.activity
    return activity.isLoneRun ? activity.loneRun : activities[activity.record].pointee.run
  }

  /// The newest version that waits for its batch.
  @inline(__always)
  func newestStaged(_ job: Slot) -> Slot {
    let activity = jobs[job].pointee.activity
    return activity.isLoneRun ? .none : activities[activity.record].pointee.staged
  }

  /// The first of the locks that it holds or waits for.
  @inline(__always)
  func firstClaim(_ job: Slot) -> Slot {
    let activity = jobs[job].pointee.activity
    return activity.isLoneRun ? .none : activities[activity.record].pointee.claim
  }
}
