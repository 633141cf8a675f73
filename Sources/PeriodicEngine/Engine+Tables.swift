import PeriodicCore

/// Jobs and functions: finding, adding and taking away.
extension Engine {
  func findFunction(_ name: Bytes) -> Slot? {
    functionIndex.find(seededHash(name, 0), in: functions) { slot in
      functions[slot].pointee.bytes.equals(name)
    }
  }

  func findJob(_ name: Bytes, of function: Slot) -> Slot? {
    jobIndex.find(jobHash(name, function), in: jobs) { slot in
      jobs[slot].pointee.function == function && jobs[slot].pointee.name.equals(name)
    }
  }

  func jobHash(_ name: Bytes, _ function: Slot) -> UInt32 {
    seededHash(name, UInt64(function) + 1)
  }

  mutating func nextSequence() -> UInt64 {
    sequence += 1
    return sequence
  }

  /// Makes a function known; `nil` at the limit.
  mutating func addFunction(_ name: Bytes, into effects: inout Effects) -> Slot? {
    guard sortedFunctions.count < limits.functions else { return nil }
    store(.addFunction(name), into: &effects)
    return insertFunction(name)
  }

  mutating func insertFunction(_ name: Bytes) -> Slot {
    let block = bytes.allocate(name.count)
    block.copyMemory(from: name.baseAddress.unsafelyUnwrapped, byteCount: name.count)
    let slot = functions.insert(FunctionRecord(name: block, nameLength: UInt8(name.count)))
    functionIndex.insert(slot, hash: seededHash(name, 0), in: functions)
    sortedFunctions.insert(slot, at: sortedPosition(of: name))
    return slot
  }

  /// Where a function of this name stands, or would stand, in the sorted list.
  func sortedPosition(of name: Bytes) -> Int {
    var low = 0
    var high = sortedFunctions.count
    while low < high {
      let middle = (low + high) / 2
      if functions[sortedFunctions[middle]].pointee.bytes.precedes(name) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  mutating func insertJob(_ id: JobID, _ fields: JobFields, of function: Slot, due: Int64) -> Slot {
    let name = fields.key.name
    let job = jobs.insert(
      JobRecord(
        id: id, due: due, sequence: nextSequence(), scheduledAt: fields.scheduledAt,
        block: copy(name: name, workload: fields.workload),
        workloadLength: UInt32(fields.workload.count), nameLength: UInt8(name.count),
        state: .staged, origin: fields.origin, function: function,
        timeout: max(0, fields.timeout), count: fields.count, previousRunAt: 0))
    jobIndex.insert(job, hash: jobHash(name, function), in: jobs)
    functions[function].pointee.jobs += 1
    jobCount += 1
    return job
  }

  /// A job is gone, for the store too: whoever waits for it hears `reply`, its locks go on.
  mutating func discard(
    _ job: Slot, _ reply: Reply, at now: Now, into effects: inout Effects
  ) {
    let record = jobs[job]
    let function = record.pointee.function
    endWaiters(of: job, reply, into: &effects)
    releaseClaims(of: job, into: &effects)
    if !record.pointee.isTransient { store(.delete(record.pointee.id), into: &effects) }
    deleteJob(job)
    freeIfEmpty(function, into: &effects)
  }

  /// Takes a job out of everything and frees it, with its runs.
  mutating func deleteJob(_ job: Slot) {
    invariant(jobs[job].pointee.claim == .none, "E6: a job that goes has no lock")
    unschedule(job)
    forgetRuns(of: job)
    let record = jobs[job]
    detachVersions(of: job)
    let function = functions[record.pointee.function]
    function.pointee.jobs -= 1
    if !function.pointee.isDropped { jobCount -= 1 }
    jobIndex.remove(job, in: jobs)
    bytes.release(record.pointee.block, record.pointee.blockSize)
    record.pointee.state = .free
    jobs.remove(job)
  }

  mutating func copy(name: Bytes, workload: Bytes) -> UnsafeMutableRawPointer {
    let block = bytes.allocate(name.count + workload.count)
    block.copyMemory(from: name.baseAddress.unsafelyUnwrapped, byteCount: name.count)
    if let source = workload.baseAddress, workload.count > 0 {
      (block + name.count).copyMemory(from: source, byteCount: workload.count)
    }
    return block
  }

  /// The fields of a job, borrowed from its record.
  func fields(_ job: Slot) -> JobFields {
    let record = jobs[job]
    return JobFields(
      key: JobKey(
        function: functions[record.pointee.function].pointee.bytes, name: record.pointee.name),
      workload: record.pointee.workload, scheduledAt: record.pointee.scheduledAt,
      timeout: record.pointee.timeout, count: record.pointee.count,
      origin: record.pointee.origin)
  }

  func stored(_ job: Slot) -> StoredJob {
    let record = jobs[job]
    return StoredJob(
      id: record.pointee.id, job: fields(job), due: record.pointee.due,
      previousRunAt: Int64(record.pointee.previousRunAt))
  }
}
