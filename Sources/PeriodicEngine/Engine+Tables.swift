import PeriodicCore

/// Jobs and functions: finding, adding and taking away.
extension Engine {
  @inline(__always)
  mutating func findFunction(_ name: Bytes) -> Slot? {
    // Most ask for what the last one asked for.
    if recentFunction != .none, functions[recentFunction].pointee.bytes.equals(name) {
      return recentFunction
    }
    let function = functionIndex.find(seededHash(name, 0)) { slot in
      functions[slot].pointee.bytes.equals(name)
    }
    if let function { recentFunction = function }
    return function
  }

  @inline(__always)
  func findJob(_ name: Bytes, of function: Slot) -> Slot? {
    findJob(name, of: function, hash: jobHash(name, function))
  }

  @inline(__always)
  func findJob(_ name: Bytes, of function: Slot, hash: UInt32) -> Slot? {
    jobIndex.find(hash) { slot in
      jobs[slot].pointee.function == function && jobs[slot].pointee.name.equals(name)
    }
  }

  @inline(__always)
  func jobHash(_ name: Bytes, _ function: Slot) -> UInt32 {
    seededHash(name, UInt64(function) + 1)
  }

  @inline(__always)
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
    functionIndex.insert(slot, hash: seededHash(name, 0))
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

  /// Enters a job; without details and workload, if there are none.
  @inline(__always)
  mutating func insertJob(
    _ id: JobID, _ key: JobKey, _ details: JobDetails?, _ workload: Bytes?, length: Int,
    of function: Slot, due: Int64, hash: UInt32? = nil, shared: Unmanaged<SharedBytes>? = nil
  ) -> Slot {
    let name = key.name
    let residence: Residence = workload != nil ? .whole : details != nil ? .details : .name
    let job = jobs.insert(
      JobRecord(
        id: id, due: due, sequence: nextSequence(),
        block: makeBlock(name, details, workload, shared, due: due),
        workloadLength: UInt32(length), nameLength: UInt8(name.count), state: .staged,
        residence: residence, function: function))
    jobIndex.insert(job, hash: hash ?? jobHash(name, function))
    let record = functions[function]
    record.pointee.jobs += 1
    record.pointee.byteCount += name.count + length
    if residence != .whole { record.pointee.away += 1 }
    jobCount += 1
    byteCount += name.count + length
    return job
  }

  /// A job is gone, for the store too: whoever waits for it hears `reply`, its locks go on.
  @inline(__always)
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
  @inline(__always)
  mutating func deleteJob(_ job: Slot) {
    let record = jobs[job]
    unschedule(job)
    forgetRuns(of: job)
    detachVersions(of: job)
    let function = functions[record.pointee.function]
    function.pointee.jobs -= 1
    function.pointee.byteCount -= record.pointee.byteCount
    if record.pointee.residence != .whole { function.pointee.away -= 1 }
    if !function.pointee.isDropped {
      jobCount -= 1
      byteCount -= record.pointee.byteCount
    }
    jobIndex.remove(job, hash: jobHash(record.pointee.name, record.pointee.function))
    releaseBlock(of: record.pointee)
    invariant(record.pointee.activity == .none, "E6, E7: a job that goes has no run and no lock")
    record.pointee.state = .free
    jobs.remove(job)
  }
}
