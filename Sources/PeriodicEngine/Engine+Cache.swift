public import PeriodicCore

/// Asks for what a job has in the store: good for one version of it.
public struct ReadTicket: Sendable {
  public var id: JobID
  /// Bytes of the workload.
  public var byteCount: Int
  let slot: Slot
  let version: UInt64
}

/// The workload cache. What a durable store has need not be in memory: a job that waits for long,
/// or that waits behind more than the cache holds, keeps its name and its turn here, and is read
/// back before that turn comes.
///
/// - Invariant: E4. A job whose bytes are away is not handed out, and no later one of its function
///   before it.
extension Engine {
  /// A job due later than this does not keep its workload in memory, milliseconds.
  static let horizon: Int64 = 10_000
  /// So long before its time a job is read back for a worker that waits, milliseconds.
  static let lead: Int64 = 1000
  /// Jobs and bytes that are read ahead for one function.
  static let windowJobs = 1024
  static let windowBytes = 4 << 20

  // MARK: Out

  /// Whether a new version need not be kept: the store will have it, and it is large.
  @inline(__always)
  func staysOut(_ workload: Bytes, isTransient: Bool) -> Bool {
    isDurable && !isTransient && workload.count >= limits.largeWorkloadBytes
  }

  /// A version has become durable, and its job waits.
  mutating func cool(_ job: Slot, at now: Now) {
    let record = jobs[job]
    guard isDurable, record.pointee.residence != .name, isParkable(job) else { return }
    if record.pointee.due.subtractingSaturated(now.wall) > Engine.horizon {
      park(job)
    } else if cachedBytes > limits.cacheBytes {
      // If nobody takes it in this call.
      overflow.append(parking(job, batch: 0))
    }
  }

  /// A job was put back, and the store has yet to hear of it.
  mutating func coolLater(_ job: Slot) {
    let record = jobs[job]
    if !isDurable || record.pointee.isTransient { return }
    cooling.append(parking(job, batch: collectingBatch))
  }

  /// Lets go of a bounded number of jobs that were put back and are durable now.
  mutating func coolSome(at now: Now) {
    var left = 1024
    while left > 0, let first = cooling.first, first.batch <= committedBatch {
      cooling.removeFirst()
      left -= 1
      if isCurrent(first) { cool(first.job, at: now) }
    }
  }

  /// At the end of a call: what nobody took goes, while there is too much.
  mutating func parkOverflow() {
    for parking in overflow {
      guard cachedBytes > limits.cacheBytes else { break }
      if isCurrent(parking), isParkable(parking.job) { park(parking.job) }
    }
    overflow.removeAll(keepingCapacity: true)
  }

  /// The operations of this batch go again with the next.
  mutating func keepWarm(_ batch: UInt64) { cooling.postpone(batch, to: batch + 1) }

  /// Handed out: the worker has it, and so has the store. What the effects borrow is freed with the
  /// next call.
  mutating func cutLoose(_ job: Slot) {
    let record = jobs[job]
    guard isDurable, Int(record.pointee.workloadLength) >= limits.largeWorkloadBytes,
      record.pointee.residence == .whole, !record.pointee.isTransient, newestStaged(job) == .none
    else { return }
    let (block, length) = (record.pointee.block, Int(record.pointee.workloadLength))
    retiredBlocks.append(
      RetiredBlock(start: block, name: Int(record.pointee.nameLength), workload: length))
    let kept = makeBlock(
      record.pointee.name, record.pointee.details, nil, due: record.pointee.due)
    setBlock(of: job, kept, length, .details)
  }

  mutating func releaseRetiredBlocks() {
    for block in retiredBlocks {
      releaseBlock(block.start, block.name, block.workload, .whole)
    }
    retiredBlocks.removeAll(keepingCapacity: true)
  }

  private func isParkable(_ job: Slot) -> Bool {
    let record = jobs[job]
    let waits = record.pointee.state == .scheduled || record.pointee.state == .ready
    // A worker that it was taken from may still have it back, without a hand-out.
    let isFree = newestStaged(job) == .none && firstRun(job) == .none
    return waits && isFree && !record.pointee.isTransient
  }

  private func isCurrent(_ parking: Parking) -> Bool {
    let record = jobs[parking.job]
    return record.pointee.state != .free && record.pointee.sequence == parking.version
      && record.pointee.residence != .name
      && record.pointee.details.previousRunAt == parking.previousRunAt
  }

  private func parking(_ job: Slot, batch: UInt64) -> Parking {
    let record = jobs[job].pointee
    return Parking(
      job: job, version: record.sequence, previousRunAt: record.details.previousRunAt, batch: batch)
  }

  private mutating func park(_ job: Slot) {
    let record = jobs[job].pointee
    if record.residence == .name { return }
    let kept = makeBlock(record.name, nil, nil)
    releaseBlock(of: record)
    setBlock(of: job, kept, Int(record.workloadLength), .name)
    if record.state == .scheduled { refreshWakeUp(record.function) }
  }

  // MARK: In

  /// The job of the function that is due, has waited longest and is all there. One that is not is
  /// asked for, and holds up those after it.
  @inline(__always)
  mutating func firstServable(_ function: Slot, at now: Now) -> Slot? {
    guard let job = firstDue(function, at: now) else {
      if isHeadWanted(function) { want(function) }
      return nil
    }
    if jobs[job].pointee.residence == .whole { return job }
    want(function)
    return nil
  }

  /// A job of the function was handed out; when few of those after it are here, more are asked for.
  @inline(__always)
  mutating func noteServed(_ slot: Slot) {
    let function = functions[slot]
    if function.pointee.away == 0 { return }
    function.pointee.ahead -= 1
    if function.pointee.ahead <= Engine.windowJobs / 2 { want(slot) }
  }

  /// Whether the function's next job has to be read now, or is being read: nothing of the function
  /// is handed out before.
  func isHeadWanted(_ function: Slot) -> Bool {
    guard functions[function].pointee.away > 0, let job = nextJob(function) else { return false }
    let record = jobs[job]
    return record.pointee.residence != .whole
      && (record.pointee.state == .ready
        || record.pointee.due.subtractingSaturated(lastWall) <= Engine.lead)
  }

  mutating func want(_ function: Slot) {
    if functions[function].pointee.isHungry { return }
    functions[function].pointee.isHungry = true
    hungry.append(function)
  }

  /// Whether `takeReads` has something to give.
  public var wantsReads: Bool { !hungry.isEmpty }

  /// What is to be read now, for all functions that wait for it; asked when nothing is being read.
  public mutating func takeReads(at now: Now) -> [ReadTicket] {
    var tickets: [ReadTicket] = []
    let functions = hungry
    hungry.removeAll(keepingCapacity: true)
    for function in functions where self.functions[function].pointee.isHungry {
      self.functions[function].pointee.isHungry = false
      if self.functions[function].pointee.isDropped { continue }
      lookAhead(function, at: now, &tickets)
    }
    isReading = !tickets.isEmpty
    return tickets
  }

  private mutating func lookAhead(_ slot: Slot, at now: Now, _ tickets: inout [ReadTicket]) {
    let function = functions[slot]
    var jobsLeft = Engine.windowJobs
    // What comes next is read even when the cache is full.
    var bytesLeft = min(Engine.windowBytes, max(1, limits.cacheBytes - cachedBytes))
    let latest = now.wall.addingSaturated(Engine.horizon)
    forEachNext(slot) { job in
      let record = jobs[job].pointee
      let isDue = record.state == .ready || record.due <= latest
      if !isDue || jobsLeft == 0 || bytesLeft <= 0 { return false }
      jobsLeft -= 1
      bytesLeft -= 64 + Int(record.workloadLength)
      if record.residence != .whole { tickets.append(ticket(job)) }
      return true
    }
    function.pointee.ahead = Engine.windowJobs - jobsLeft
    // Nothing more is due: what comes next is asked for when its time is near.
    if jobsLeft > 0, bytesLeft > 0 { function.pointee.ahead = Engine.windowJobs }
  }

  func ticket(_ job: Slot) -> ReadTicket {
    let record = jobs[job].pointee
    return ReadTicket(
      id: record.id, byteCount: Int(record.workloadLength), slot: job, version: record.sequence)
  }

  /// What the store had for a ticket: `nil` if it has no such row. `fetchedAll` follows.
  ///
  /// - Returns: false if a job that should be in the store is not there; it is gone here too.
  public mutating func fetched(
    _ ticket: ReadTicket, _ stored: StoredJob?, at now: Now, into effects: inout Effects
  ) -> Bool {
    observe(now)
    let record = jobs[ticket.slot]
    guard record.pointee.state != .free, record.pointee.id == ticket.id,
      record.pointee.sequence == ticket.version, record.pointee.residence != .whole
    else { return true }
    let function = record.pointee.function
    // Replaced meanwhile: it will not be handed out in this version, or not before it is known.
    if record.pointee.state == .staged { return true }
    guard let stored else {
      discard(ticket.slot, .data(Word.removed.bytes), at: now, into: &effects)
      return false
    }
    fill(ticket.slot, stored)
    mark(function)
    return true
  }

  /// Every ticket has been answered.
  public mutating func fetchedAll(at now: Now, into effects: inout Effects) {
    observe(now)
    isReading = false
    serveMarked(at: now, into: &effects)
  }

  private mutating func fill(_ job: Slot, _ stored: StoredJob) {
    let record = jobs[job].pointee
    let details =
      record.residence == .details
      ? record.details
      : JobDetails(
        scheduledAt: stored.job.scheduledAt, timeout: max(0, stored.job.timeout),
        count: stored.job.count, previousRunAt: UInt32(clamping: stored.previousRunAt),
        origin: stored.job.origin)
    let block = makeBlock(
      record.name, details, stored.job.workload, stored.job.shared, due: record.due)
    releaseBlock(of: record)
    setBlock(of: job, block, stored.job.workload.count, .whole)
  }
}

/// A job that may leave memory, unless it has changed by then.
struct Parking: BitwiseCopyable {
  var job: Slot
  var version: UInt64
  /// A hand-out since then is in no store.
  var previousRunAt: UInt32
  /// What the store must have first.
  var batch: UInt64
}

/// Bytes that effects of the last call borrow.
struct RetiredBlock: BitwiseCopyable {
  var start: UnsafeMutableRawPointer
  var name: Int
  var workload: Int
}
