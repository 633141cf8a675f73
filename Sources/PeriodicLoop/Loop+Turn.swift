internal import CUV
internal import PeriodicCore

extension Loop {
  /// Runs turns until `stop`.
  public func run() {
    enter(.run)
    while !isToEnd { turn() }
    stopIsRequested = false
    leave()
  }

  /// Waits until there is something to do, and does it.
  func turn() {
    if virtualTime == nil { uv_run(uv, UV_RUN_ONCE) } else { runToNextTime() }
  }

  /// Makes `run` return at the end of this turn, or at once if it is called before `run`, such as
  /// in a call that waits, which goes on.
  public func stop() {
    preconditionOnLoop()
    stopIsRequested = true
  }

  /// One turn without waiting, in which at most so many commands and completions are handled
  /// (`TurnBudget`).
  ///
  /// Returns how many were. Polls a second time if the turn began to watch something, because epoll
  /// hears of that only in the poll, and a host that waits on the descriptor before would miss it.
  @discardableResult
  public func step(atMost most: Int = .max) -> Int {
    enter()
    budget.renew(most)
    defer { budget.renew() }
    watchChanged = false
    uv_run(uv, UV_RUN_NOWAIT)
    if watchChanged {
      watchChanged = false
      uv_run(uv, UV_RUN_NOWAIT)
    }
    leave()
    return budget.used
  }

  /// Between these two, what lives on the loop calls one another without a turn; nothing that is
  /// called back may run one.
  public func beginCall() {
    invariant(!isInTurn, "a call without a turn is not made inside one")
    isInTurn = true
  }

  public func endCall() {
    isInTurn = false
    callsWithoutTurn += 1
  }

  /// Runs a turn if there were many calls without one, so that sockets and timers have theirs in a
  /// program that lives on such calls.
  public func yieldIfDue() {
    if callsWithoutTurn >= 32, !isInTurn { step() }
  }

  func enter(_ driver: Driver = .steps) {
    preconditionOnLoop()
    invariant(!isInherited, "a loop is not used in a child made by fork")
    invariant(!isInTurn, "a loop is not run from inside one of its callbacks")
    isInTurn = true
    self.driver = driver
  }

  func leave() {
    driver = .steps
    // A request to end is over, and no work for whoever asks how long the loop may wait.
    if !hasMoreWork { uv_idle_stop(idle) }
    isInTurn = false
    if isHosted { letHostWait() }
  }

  /// What runs turns: a host's steps, `run`, or a call that waits for something.
  enum Driver { case steps, run, wait }

  /// Whether what runs the turns has got what it was to go on for.
  var isToEnd: Bool {
    switch driver {
    case .steps: false
    case .run: stopIsRequested
    case .wait: endOfWaitIsRequested
    }
  }

  /// Whether the caller is inside `run` or `step`, so that it may call neither.
  public var isRunning: Bool { isInTurn }

  /// A descriptor that becomes readable when the loop has input. Watch it level-triggered, do
  /// nothing else with it.
  public var fileDescriptor: Int32 {
    isHosted = true
    if !isInTurn { letHostWait() }
    return uv_backend_fd(uv)
  }

  /// Makes the descriptor readable as soon as there is a message.
  private func letHostWait() {
    if !letWait() { wake() }
  }

  /// How long a host may wait on the descriptor before it calls `step`: 0 while there is work, -1
  /// if only input can bring some.
  public var timeoutMilliseconds: Int32 {
    preconditionOnLoop()
    if watchChanged || hasMoreWork || !letWait() { return 0 }
    uv_update_time(uv)
    if uv_backend_timeout(uv) == 0 { return 0 }
    guard earliestTimer != .max else { return -1 }
    if let virtualTime { return earliestTimer <= virtualTime.monotonic ? 0 : -1 }
    let left = earliestTimer.subtractingReportingOverflow(now.monotonic)
    return Int32(clamping: left.overflow ? .max : max(0, left.partialValue))
  }

  /// Adds something whose turns this loop finishes. The loop keeps it until it is removed.
  public func add(_ participant: any TurnParticipant) {
    preconditionOnLoop()
    participants.append(participant)
  }

  public func remove(_ participant: any TurnParticipant) {
    preconditionOnLoop()
    participants.removeAll { $0 === participant }
  }

  /// Calls `body` once, early in the next turn: for what must not happen inside the present call.
  public func soon(_ body: @escaping () -> Void) {
    preconditionOnLoop()
    soon.append(body)
  }

  /// Whether there is work without new input: the loop does not wait.
  var hasMoreWork: Bool {
    !soon.isEmpty || someoneNeedsTurn || hub?.takeUnretainedValue().hasReady == true
  }

  var someoneNeedsTurn: Bool {
    for participant in participants where participant.needsTurn { return true }
    return false
  }

  /// What timers and callers have left to do is done before the loop waits.
  func beforePoll() {
    callsWithoutTurn = 0
    refreshNow()
    runSoon()
    handOver()
    fireTimers()
    finishTurns()
    if !hasMoreWork, !isToEnd, letWait() {
      uv_idle_stop(idle)
    } else {
      uv_idle_start(idle) { _ in }
    }
    armTimer()
  }

  /// All input of the turn has been handled.
  func afterPoll() {
    refreshNow()
    deliverMail()
    handOver()
    finishTurns()
  }

  /// Lets connections inside the process tell their owners what has come.
  private func handOver() {
    guard let hub else { return }
    // The last of its ends may go meanwhile.
    let kept = hub.takeUnretainedValue()
    if kept.hasReady { kept.dispatch() }
  }

  private func runSoon() {
    guard !soon.isEmpty else { return }
    let bodies = soon
    soon.removeAll(keepingCapacity: true)
    for body in bodies { body() }
  }

  private func finishTurns() {
    for participant in participants where participant.needsTurn {
      participant.endOfTurn(at: now)
    }
    if hasLargeBuffers, let mark = SparePages.mark { keepPages(mark) }
  }

  /// Large workloads mostly come one after the other. What nobody has wanted for a second goes back
  /// to the system, a little in each turn.
  private func keepPages(_ mark: UInt64) {
    guard virtualTime == nil else { return }
    let time = cachedNow.monotonic
    if mark != sparePages.mark {
      sparePages = (mark, time.addingSaturated(1000))
    } else if time >= sparePages.until {
      SparePages.giveSomeBack()
      guard let mark = SparePages.mark else { return }
      sparePages.mark = mark
    }
    earliestTimer = min(earliestTimer, sparePages.until)
  }
}
