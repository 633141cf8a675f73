import PeriodicCore

/// When a job's turn comes: each function has a heap of jobs that wait for their time and a queue
/// of jobs that were due when they came. The lesser of the two heads goes first (E4).
extension Engine {
  /// Lets a job wait under its order key.
  @inline(__always)
  mutating func schedule(_ job: Slot, at now: Now) {
    let record = jobs[job]
    let function = functions[record.pointee.function]
    if record.pointee.due <= now.wall, isLast(record, of: function) {
      appendReady(job, record, function)
    } else {
      record.pointee.state = .scheduled
      function.pointee.heap.insert(job, key: record.pointee.due, in: jobs)
      refreshWakeUp(record.pointee.function)
    }
  }

  /// Takes a waiting job out of its heap or queue; nothing for a job that is in neither.
  @inline(__always)
  mutating func unschedule(_ job: Slot) {
    let record = jobs[job]
    if record.pointee.state == .running { return }
    let function = functions[record.pointee.function]
    switch record.pointee.state {
    case .scheduled:
      function.pointee.heap.remove(job, in: jobs)
      refreshWakeUp(record.pointee.function)
    case .ready: unlinkReady(record, function)
    case .locked: leaveLocked(job, function)
    case .staged, .running, .free: break
    }
    record.pointee.state = .staged
    // It may have held up those after it.
    if record.pointee.residence != .whole { mark(record.pointee.function) }
  }

  /// The job of the function that is due and has waited longest.
  @inline(__always)
  func firstDue(_ function: Slot, at now: Now) -> Slot? {
    if isDraining { return nil }
    let record = functions[function]
    let ready = record.pointee.firstReady
    guard let top = record.pointee.heap.first, top.key <= now.wall else {
      return ready == .none ? nil : ready
    }
    if ready == .none { return top.slot }
    let head = jobs[ready]
    let heapFirst =
      top.key != head.pointee.due
      ? top.key < head.pointee.due : jobs[top.slot].pointee.sequence < head.pointee.sequence
    return heapFirst ? top.slot : ready
  }

  /// Shows the function's waiting jobs in the order of their turns, until `body` has seen enough.
  func forEachNext(_ function: Slot, _ body: (Slot) -> Bool) {
    let heap = functions[function].pointee.heap
    var cursor = HeapCursor(heap, jobs)
    var ready = functions[function].pointee.firstReady
    while true {
      let top = cursor.peek(heap)?.slot
      if ready == .none, top == nil { return }
      if let top, ready == .none || isAhead(top, of: ready) {
        _ = cursor.next(heap, jobs)
        if !body(top) { return }
      } else {
        if !body(ready) { return }
        ready = jobs[ready].pointee.next
      }
    }
  }

  /// The first of them.
  func nextJob(_ function: Slot) -> Slot? {
    let ready = functions[function].pointee.firstReady
    guard let top = functions[function].pointee.heap.first?.slot else {
      return ready == .none ? nil : ready
    }
    return ready == .none || isAhead(top, of: ready) ? top : ready
  }

  /// Whether a job of the heap comes before one of the ready queue, which is due, even if the clock
  /// has stepped back since it came.
  private func isAhead(_ scheduled: Slot, of ready: Slot) -> Bool {
    let (scheduled, ready) = (jobs[scheduled].pointee, jobs[ready].pointee)
    if scheduled.due > lastWall { return false }
    return (scheduled.due, scheduled.sequence) < (ready.due, ready.sequence)
  }

  /// The order key of the function's first waiting job.
  func earliest(_ function: Slot) -> Int64? {
    let record = functions[function]
    let top = record.pointee.heap.first?.key
    let ready = record.pointee.firstReady
    if ready == .none { return top }
    return min(top ?? .max, jobs[ready].pointee.due)
  }

  /// Keeps the function's place among the wake-ups: a function that nobody is willing to do has
  /// none.
  mutating func refreshWakeUp(_ slot: Slot) {
    let function = functions[slot]
    let key = wakeKey(slot)
    if function.pointee.away > 0, function.pointee.ring != .none, isHeadWanted(slot) { want(slot) }
    let isIn = function.pointee.heapIndex != .none
    switch (key, isIn) {
    case (let key?, true): wakeUps.update(slot, key: key, in: functions)
    case (let key?, false): wakeUps.insert(slot, key: key, in: functions)
    case (nil, true): wakeUps.remove(slot, in: functions)
    case (nil, false): break
    }
  }

  /// When the heap's first job needs attention: at its time, or before it if it must be read
  /// from the store first; `nil` while that goes on.
  func wakeKey(_ slot: Slot) -> Int64? {
    let function = functions[slot]
    guard function.pointee.ring != .none, let top = function.pointee.heap.first else { return nil }
    if function.pointee.away == 0 { return top.key }
    let ready = function.pointee.firstReady
    if ready != .none, jobs[ready].pointee.residence != .whole {
      let (first, scheduled) = (jobs[ready].pointee, jobs[top.slot].pointee)
      if (first.due, first.sequence) < (scheduled.due, scheduled.sequence) { return nil }
    }
    if jobs[top.slot].pointee.residence == .whole { return top.key }
    let key = top.key.subtractingSaturated(Engine.lead)
    return key <= lastWall ? nil : key
  }

  /// Moves what is due by the old clock into the ready queues, so that a job once ready stays ready
  /// when the wall clock steps back. Bounded; what is beyond the bound waits for the clock again.
  mutating func keepReady(before oldWall: Int64) {
    var left = 65_536
    for slot in sortedFunctions {
      let function = functions[slot]
      while left > 0, let top = function.pointee.heap.first, top.key <= oldWall {
        let job = jobs[top.slot]
        guard isLast(job, of: function) else { break }
        function.pointee.heap.remove(top.slot, in: jobs)
        appendReady(top.slot, job, function)
        left -= 1
      }
      refreshWakeUp(slot)
      // What was being read may be due no more, and holds up nobody then.
      if function.pointee.away > 0 { mark(slot) }
    }
  }

  /// Whether the job may stand at the end of the ready queue without overtaking anyone.
  @inline(__always)
  private func isLast(
    _ record: UnsafeMutablePointer<JobRecord>, of function: UnsafeMutablePointer<FunctionRecord>
  ) -> Bool {
    let last = function.pointee.lastReady
    if last == .none { return true }
    let before = jobs[last]
    return before.pointee.due != record.pointee.due
      ? before.pointee.due < record.pointee.due
      : before.pointee.sequence < record.pointee.sequence
  }

  @inline(__always)
  private func appendReady(
    _ job: Slot, _ record: UnsafeMutablePointer<JobRecord>,
    _ function: UnsafeMutablePointer<FunctionRecord>
  ) {
    record.pointee.state = .ready
    record.pointee.previous = function.pointee.lastReady
    record.pointee.next = .none
    if function.pointee.lastReady == .none {
      function.pointee.firstReady = job
    } else {
      jobs[function.pointee.lastReady].pointee.next = job
    }
    function.pointee.lastReady = job
  }

  /// Takes the job, which nobody holds, out of its turn: it waits for a lock.
  func enterLocked(_ job: Slot) {
    let record = jobs[job]
    let function = functions[record.pointee.function]
    let first = function.pointee.firstLocked
    record.pointee.state = .locked
    record.pointee.previous = .none
    record.pointee.next = first
    if first != .none { jobs[first].pointee.previous = job }
    function.pointee.firstLocked = job
    function.pointee.locked += 1
  }

  private func leaveLocked(_ job: Slot, _ function: UnsafeMutablePointer<FunctionRecord>) {
    let record = jobs[job]
    if record.pointee.previous == .none {
      function.pointee.firstLocked = record.pointee.next
    } else {
      jobs[record.pointee.previous].pointee.next = record.pointee.next
    }
    if record.pointee.next != .none {
      jobs[record.pointee.next].pointee.previous = record.pointee.previous
    }
    record.pointee.previous = .none
    record.pointee.next = .none
    function.pointee.locked -= 1
  }

  @inline(__always)
  private func unlinkReady(
    _ record: UnsafeMutablePointer<JobRecord>, _ function: UnsafeMutablePointer<FunctionRecord>
  ) {
    if record.pointee.previous == .none {
      function.pointee.firstReady = record.pointee.next
    } else {
      jobs[record.pointee.previous].pointee.next = record.pointee.next
    }
    if record.pointee.next == .none {
      function.pointee.lastReady = record.pointee.previous
    } else {
      jobs[record.pointee.next].pointee.previous = record.pointee.previous
    }
    record.pointee.previous = .none
    record.pointee.next = .none
  }
}
