public import PeriodicCore

/// RUN_JOB and RECV_DATA: requests that are answered by what becomes of a job (PROTOCOL 2.5).
///
/// - Invariant: a job for whose result somebody waits exists; each waiter has its own deadline.
extension Engine {
  /// Seconds that a request waits which gives no time.
  static let ordinaryWait: Int64 = 60

  /// Runs a job and waits for its result. `nil`: the answer comes with the end of the run.
  mutating func run(
    _ fields: JobFields, _ message: MessageID, _ peer: Slot, at now: Now,
    into effects: inout Effects
  ) -> Answer? {
    if let refusal = Engine.check(fields.key) ?? checkWaiter(message, peer) {
      return .now(.refused(refusal))
    }
    guard let function = findFunction(fields.key.function),
      functions[function].pointee.workers > 0
    else { return .now(.noWorker) }
    if let job = findJob(fields.key.name, of: function) {
      if jobs[job].pointee.state != .running {
        if let refusal, !jobs[job].pointee.isTransient { return .now(.refused(refusal)) }
        if let refusal = checkRoom(for: fields, insteadOf: job) { return .now(.refused(refusal)) }
        replace(job, with: fields, isSubmitted: false, at: now, into: &effects)
      }
    } else {
      if let refusal = checkRoom(for: fields, in: function) { return .now(.refused(refusal)) }
      if numbers.isExhausted { return .now(.refused(.storeFailed)) }
      create(fields, of: function, isTransient: true, at: now, into: &effects)
    }
    addWaiter(fields, function, message, peer, isListener: false, at: now)
    return nil
  }

  /// Listens to the data of a job, which need not exist yet.
  mutating func receiveData(
    _ fields: JobFields, _ message: MessageID, _ peer: Slot, at now: Now
  ) -> Answer {
    if let refusal = Engine.check(fields.key) ?? checkWaiter(message, peer) {
      return .now(.refused(refusal))
    }
    guard let function = findFunction(fields.key.function),
      functions[function].pointee.workers > 0
    else { return .now(.noWorker) }
    addWaiter(fields, function, message, peer, isListener: true, at: now)
    return .now(.success)
  }

  /// A piece of data, for those who listen; only from a worker that holds the job.
  mutating func workData(
    _ reference: RunReference, _ data: Bytes, _ peer: Slot, at now: Now,
    into effects: inout Effects
  ) -> Answer {
    guard let run = findRun(reference, peer) else { return .now(.success) }
    accept(run, at: now)
    guard runs[run].pointee.state.isHeld, let list = waitList(of: runs[run].pointee.job) else {
      return .now(.success)
    }
    var waiter = waitLists[list].pointee.first
    while waiter != .none {
      if waiters[waiter].pointee.isListener { say(.data(data), to: waiter, into: &effects) }
      waiter = waiters[waiter].pointee.next
    }
    return .now(.success)
  }

  /// Whether a connection waits for what becomes of a job.
  public func isWaiting(_ session: SessionID) -> Bool {
    sessions[slot(of: session)].pointee.waiters > 0
  }

  /// The job is gone: listeners hear the end, after them the others `reply` (PROTOCOL 2.5).
  @inline(__always)
  mutating func endWaiters(of job: Slot, _ reply: Reply, into effects: inout Effects) {
    guard let list = waitList(of: job) else { return }
    let isStored = !jobs[job].pointee.isTransient
    endWaiters(list, reply, isResult: isStored, into: &effects)
  }

  mutating func endWaiters(
    _ list: Slot, _ reply: Reply, isResult: Bool, into effects: inout Effects
  ) {
    let runs = waitLists[list].pointee.runs
    var waiter = waitLists[list].pointee.first
    while waiter != .none {
      let next = waiters[waiter].pointee.next
      if waiters[waiter].pointee.isListener {
        say(.data(Word.end.bytes), to: waiter, into: &effects)
        removeWaiter(waiter)
      }
      waiter = next
    }
    // Without anybody left the list is gone.
    if runs > 0 { answerRuns(list, reply, isResult: isResult, into: &effects) }
  }

  /// Whether somebody waits for the result.
  func isAwaited(_ job: Slot) -> Bool {
    waitList(of: job).map { waitLists[$0].pointee.runs > 0 } ?? false
  }

  /// Those who wait for the result hear `reply`; listeners stay.
  mutating func answerRuns(
    of job: Slot, _ reply: Reply, isResult: Bool = false, into effects: inout Effects
  ) {
    guard let list = waitList(of: job), waitLists[list].pointee.runs > 0 else { return }
    let isStored = !jobs[job].pointee.isTransient
    answerRuns(list, reply, isResult: isResult && isStored, into: &effects)
  }

  /// The deadline of a waiter has come. A listener touches nothing; a job that only RUN_JOB made
  /// goes with the last who waits for its result.
  mutating func expireWaiter(_ waiter: Slot, at now: Now, into effects: inout Effects) {
    let record = waiters[waiter].pointee
    let list = waitLists[record.list].pointee
    let isLastRun = !record.isListener && list.runs == 1
    if isLastRun, let job = findJob(list.bytes, of: list.function), jobs[job].pointee.isTransient {
      return discard(job, .data(Word.expired.bytes), at: now, into: &effects)
    }
    let text = record.isListener ? Word.end : Word.expired
    say(.data(text.bytes), to: waiter, into: &effects)
    removeWaiter(waiter)
  }

  /// Takes a waiter out of everything; the last one takes its list along.
  mutating func removeWaiter(_ waiter: Slot) {
    let record = waiters[waiter].pointee
    waiterDeadlines.remove(waiter, in: waiters)
    waiterIndex.remove(waiter, hash: messageHash(record.message, record.session))
    if record.sessionPrevious == .none {
      sessions[record.session].pointee.firstWaiter = record.sessionNext
    } else {
      waiters[record.sessionPrevious].pointee.sessionNext = record.sessionNext
    }
    if record.sessionNext != .none {
      waiters[record.sessionNext].pointee.sessionPrevious = record.sessionPrevious
    }
    sessions[record.session].pointee.waiters -= 1

    let list = waitLists[record.list]
    if record.previous == .none {
      list.pointee.first = record.next
    } else {
      waiters[record.previous].pointee.next = record.next
    }
    if record.next == .none {
      list.pointee.last = record.previous
    } else {
      waiters[record.next].pointee.previous = record.previous
    }
    if !record.isListener { list.pointee.runs -= 1 }
    waiters.remove(waiter)
    if list.pointee.first == .none { removeWaitList(record.list) }
  }

  private mutating func answerRuns(
    _ list: Slot, _ reply: Reply, isResult: Bool, into effects: inout Effects
  ) {
    var left = waitLists[list].pointee.runs
    var waiter = waitLists[list].pointee.first
    while left > 0 {
      let next = waiters[waiter].pointee.next
      if !waiters[waiter].pointee.isListener {
        left -= 1
        say(reply, to: waiter, isResult ? .durable : .nothing, into: &effects)
        removeWaiter(waiter)
      }
      waiter = next
    }
  }

  private func say(
    _ reply: Reply, to waiter: Slot, _ promise: Promise = .nothing, into effects: inout Effects
  ) {
    let record = waiters[waiter].pointee
    guard sessions[record.session].pointee.isOpen else { return }
    effects.appendReply(
      reply, record.message, to: id(of: record.session), isDurable ? promise : .nothing)
  }
}
