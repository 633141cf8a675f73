import PeriodicCore

/// What jobs are made of, in the arena; and what they have while something happens to them.
extension Engine {
  // MARK: Bytes

  /// Bytes of a block.
  @inline(__always)
  static func blockSize(_ name: Int, _ workload: Int, _ residence: Residence) -> Int {
    switch residence {
    case .name: name
    case .details: name + MemoryLayout<JobDetails>.size
    case .whole: name + MemoryLayout<JobDetails>.size + KeptWorkloads.room(workload)
    }
  }

  /// Copies a name, and what else of a job there shall be, into a new block. A large workload is
  /// kept where it is, if somebody keeps it there.
  @inline(__always)
  mutating func makeBlock(
    _ name: Bytes, _ details: JobDetails?, _ workload: Bytes?,
    _ shared: Unmanaged<SharedBytes>? = nil
  ) -> UnsafeMutableRawPointer {
    let header = name.count + (details == nil ? 0 : MemoryLayout<JobDetails>.size)
    let block = bytes.allocate(header + KeptWorkloads.room(workload?.count ?? 0))
    block.copyMemory(from: name.baseAddress.unsafelyUnwrapped, byteCount: name.count)
    if var details {
      (block + name.count).copyMemory(from: &details, byteCount: MemoryLayout<JobDetails>.size)
    }
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
    if residence == .whole {
      cachedBytes -= workload
      if KeptWorkloads.isLarge(workload) { letGo(block + name + MemoryLayout<JobDetails>.size) }
    }
    bytes.release(block, Engine.blockSize(name, workload, residence))
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

  /// The fields of a job, borrowed from its record.
  ///
  /// - Precondition: all of it is in memory.
  @inline(__always)
  func fields(_ job: Slot) -> JobFields {
    let record = jobs[job]
    invariant(record.pointee.residence == .whole, "a job is handed out with its workload")
    let details = record.pointee.details
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
