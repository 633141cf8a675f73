import PeriodicCore

/// DROP_FUNC (PROTOCOL 2.8): a function that no worker has goes with all its jobs.
///
/// It is gone at once for everybody: the record leaves the indexes, and a later submit makes a new
/// one. The store keeps one intent, function and last id, so that a restart in between brings no
/// job back; the jobs are freed, and their rows deleted, a slice at a time. Until then a job keeps
/// its locks, and who waits for it hears nothing.
extension Engine {
  mutating func drop(_ name: Bytes, into effects: inout Effects) -> Answer {
    guard let slot = findFunction(name), functions[slot].pointee.workers == 0 else {
      return .durable(.success)
    }
    // A number of its own, so that no other drop of the same name has the same last id: each ends
    // only what it began.
    if numbers.isExhausted { return .now(.refused(.storeFailed)) }
    let last = numbers.take()
    let function = functions[slot]
    invariant(function.pointee.ring == .none, "a function without workers has an empty ring")
    store(.dropFunction(name, upTo: JobID(last)), into: &effects)
    sortedFunctions.remove(at: sortedPosition(of: name))
    functionIndex.remove(slot, hash: seededHash(name, 0))
    recentFunction = .none
    jobCount -= function.pointee.jobs
    byteCount -= function.pointee.byteCount
    function.pointee.isDropped = true
    function.pointee.droppedUpTo = last
    if lastDropped == .none {
      firstDropped = slot
    } else {
      functions[lastDropped].pointee.nextDropped = slot
    }
    lastDropped = slot
    return .durable(.success)
  }

  /// Rows of dropped functions that are deleted ahead of the store: few enough that the changes
  /// of everybody else do not wait long behind them.
  static let mostUnsweptRows = 4096

  /// Whether a slice may go now: one that would run ahead of the store waits until that has caught
  /// up with the last.
  var hasDroppedWork: Bool {
    firstDropped != .none
      && (droppedRows < Engine.mostUnsweptRows || droppedBatch <= committedBatch)
  }

  /// Frees a bounded number of jobs of dropped functions.
  ///
  /// Jobs that are staged go when their batch is settled; the function goes after its last job.
  mutating func freeDroppedSlice(at now: Now, into effects: inout Effects) {
    guard hasDroppedWork else { return }
    if droppedRows >= Engine.mostUnsweptRows { droppedRows = 0 }
    var left = 512
    while left > 0, firstDropped != .none {
      let slot = firstDropped
      let function = functions[slot]
      while left > 0, function.pointee.firstWaitList != .none {
        let list = function.pointee.firstWaitList
        endWaiters(list, .data(Word.removed.bytes), isResult: false, into: &effects)
        left -= 1
      }
      while left > 0, let job = anyJob(of: function) {
        deleteDropped(job, at: now, into: &effects)
        left -= 1
      }
      if left == 0 { return }
      firstDropped = function.pointee.nextDropped
      if firstDropped == .none { lastDropped = .none }
      function.pointee.nextDropped = .none
      function.pointee.isSwept = true
      function.pointee.heap.destroy()
      function.pointee.heap = IndexedHeap()
      freeIfEmpty(slot, into: &effects)
    }
  }

  /// Frees one job of a dropped function, wherever it is, and the function with its last.
  mutating func deleteDropped(_ job: Slot, at now: Now, into effects: inout Effects) {
    if isDurable, !jobs[job].pointee.isTransient {
      droppedRows += 1
      droppedBatch = collectingBatch
    }
    discard(job, .data(Word.removed.bytes), at: now, into: &effects)
  }

  /// Frees a dropped function after its last job.
  @inline(__always)
  mutating func freeIfEmpty(_ slot: Slot, into effects: inout Effects) {
    if functions[slot].pointee.isSwept, functions[slot].pointee.jobs == 0 {
      freeFunction(slot, into: &effects)
    }
  }

  /// Frees the names that effects of the last call borrowed.
  mutating func releaseRetiredNames() {
    for name in retiredNames {
      if let base = name.baseAddress {
        bytes.release(UnsafeMutableRawPointer(mutating: base), name.count)
      }
    }
    retiredNames.removeAll(keepingCapacity: true)
  }

  private mutating func anyJob(of function: UnsafeMutablePointer<FunctionRecord>) -> Slot? {
    if let job = function.pointee.heap.removeAny(in: jobs) {
      jobs[job].pointee.state = .staged
      return job
    }
    if function.pointee.firstReady != .none { return function.pointee.firstReady }
    if function.pointee.firstLocked != .none { return function.pointee.firstLocked }
    return function.pointee.firstRunning == .none ? nil : function.pointee.firstRunning
  }

  private mutating func freeFunction(_ slot: Slot, into effects: inout Effects) {
    let function = functions[slot]
    let last = JobID(function.pointee.droppedUpTo)
    store(.dropFinished(function.pointee.bytes, upTo: last), into: &effects)
    retiredNames.append(function.pointee.bytes)
    function.pointee.isHungry = false
    functions.remove(slot)
  }
}
