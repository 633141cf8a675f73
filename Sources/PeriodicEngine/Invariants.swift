public import PeriodicCore

/// The numbered invariants of ARCHITECTURE.md, as far as they are the engine's, by full recount.
extension Engine {
  /// Stops the process at the first invariant that does not hold. For tests and the simulator: it
  /// looks at every job.
  public borrowing func checkInvariants(at now: Now) {
    var total = 0
    for (position, slot) in sortedFunctions.enumerated() {
      if position > 0 {
        invariant(
          functions[sortedFunctions[position - 1]].pointee.bytes.precedes(
            functions[slot].pointee.bytes), "E7: functions are sorted, each once")
      }
      checkFunction(slot, at: now)
      total += functions[slot].pointee.jobs
    }
    invariant(total == jobCount, "E7: the jobs of all functions add up")
    invariant(functionIndex.count == sortedFunctions.count, "E7: every function is indexed once")
    invariant(jobIndex.count == jobs.count, "E7: every job is indexed once")
    invariant(runIndex.count <= runs.count, "E7: a run is indexed once")
    checkWheel()
    checkHeap(wakeUps, in: functions) { slot in
      functions[slot].pointee.ring != .none
        && isWakeKey(wakeUps[heapPlace(slot)].key, of: slot)
    }
    checkHeap(waiterDeadlines, in: waiters) { _ in true }
    checkHeap(holdings, in: claims) { claims[$0].pointee.isHolder }
    invariant(waiterDeadlines.count == waiters.count, "E10: every waiter has a deadline")
    invariant(offerIndex.count == offers.count, "E7: every offer is indexed once")
    invariant(waiterIndex.count == waiters.count, "E7: every waiter is indexed once")
    invariant(waitIndex.count == waitLists.count, "E7: every list of waiters is indexed once")
    invariant(lockIndex.count == locks.count, "E7: every lock is indexed once")
    invariant(markedLocks.isEmpty, "E6: what became free has been handed on")
    for index in 0..<waiterDeadlines.count { checkWaiter(waiterDeadlines[index].slot) }
    for index in 0..<holdings.count { checkLock(claims[holdings[index].slot].pointee.lock) }
    checkStaged()
  }

  private func checkWaiter(_ slot: Slot) {
    let list = waitLists[waiters[slot].pointee.list].pointee
    if waiters[slot].pointee.isListener || functions[list.function].pointee.isDropped { return }
    invariant(
      findJob(list.bytes, of: list.function) != nil, "E1: what somebody waits for exists")
  }

  private func checkLock(_ slot: Slot) {
    let lock = locks[slot].pointee
    var holders = 0
    var claim = lock.firstHolder
    while claim != .none {
      holders += 1
      claim = claims[claim].pointee.next
    }
    invariant(holders == lock.holders, "E6: holders are counted")
    invariant(
      lock.firstQueued == .none || holders >= Int(lock.capacity),
      "E6: nobody waits for a lock that is free")
  }

  private func heapPlace(_ function: Slot) -> Int { Int(functions[function].pointee.heapIndex) }

  private func checkFunction(_ slot: Slot, at now: Now) {
    let function = functions[slot]
    checkHeap(function.pointee.heap, in: jobs) { job in
      jobs[job].pointee.state == .scheduled && jobs[job].pointee.function == slot
        && !hasHeldRun(job)
    }
    let ready = checkReady(slot)
    let running = checkRunning(slot)
    invariant(running == function.pointee.running, "E7: running jobs are counted")
    let locked = checkLocked(slot)
    invariant(locked == function.pointee.locked, "E7: locked jobs are counted")
    let listed = function.pointee.heap.count + ready + running + locked
    invariant(
      function.pointee.jobs >= listed && function.pointee.unborn >= 0
        && function.pointee.unborn <= function.pointee.jobs - listed,
      "E7: a job is in one list, or staged")
    let workers = checkRing(slot)
    if workers > 0, isHeadWanted(slot), function.pointee.heapIndex == .none {
      invariant(isReading || function.pointee.isHungry, "E10: what is needed soon is read")
    }
    // The engine hears of a clock that stepped back with the next call.
    let heard = Now(monotonic: now.monotonic, wall: max(now.wall, lastWall))
    guard let job = firstDue(slot, at: heard), !hasWork, !numbers.isExhausted, workers > 0 else {
      return
    }
    invariant(
      jobs[job].pointee.residence != .whole && (isReading || function.pointee.isHungry),
      "E10: no due job waits while a connection waits for it, unless it is being read")
  }

  /// The first job's time, or so long before it that it can be read from the store.
  private func isWakeKey(_ key: Int64, of slot: Slot) -> Bool {
    guard let top = functions[slot].pointee.heap.first else { return false }
    let isHere = jobs[top.slot].pointee.residence == .whole
    return key == (isHere ? top.key : top.key.subtractingSaturated(Engine.lead))
  }

  private func checkReady(_ slot: Slot) -> Int {
    var count = 0
    var before: Slot = .none
    var job = functions[slot].pointee.firstReady
    while job != .none {
      let record = jobs[job]
      invariant(record.pointee.state == .ready && record.pointee.function == slot, "E7: ready")
      invariant(record.pointee.previous == before, "E7: the ready queue is linked both ways")
      if before != .none {
        let last = jobs[before]
        invariant(
          (last.pointee.due, last.pointee.sequence) < (record.pointee.due, record.pointee.sequence),
          "E4: ready jobs stand in order")
      }
      invariant(!hasHeldRun(job), "E2: a ready job is held by nobody")
      before = job
      job = record.pointee.next
      count += 1
    }
    invariant(functions[slot].pointee.lastReady == before, "E7: the end of the ready queue")
    return count
  }

  private func checkRunning(_ slot: Slot) -> Int {
    var count = 0
    var job = functions[slot].pointee.firstRunning
    while job != .none {
      invariant(jobs[job].pointee.state == .running, "E7: running")
      checkRuns(of: job)
      count += 1
      job = jobs[job].pointee.next
    }
    return count
  }

  /// One current assignment; of a broadcast one for each receiver, which the round counts.
  private func checkRuns(of job: Slot) {
    var held = 0
    var round: Slot = .none
    var run = firstRun(job)
    while run != .none {
      invariant(runs[run].pointee.job == job, "E7: a run of this job")
      if runs[run].pointee.state.isHeld {
        held += 1
        round = runs[run].pointee.round
      }
      run = runs[run].pointee.nextOfJob
    }
    let wanted = round == .none ? 1 : rounds[round].pointee.held
    invariant(held == wanted && held > 0, "E2: a running job has one current assignment")
  }

  private func checkLocked(_ slot: Slot) -> Int {
    var count = 0
    var job = functions[slot].pointee.firstLocked
    while job != .none {
      invariant(jobs[job].pointee.state == .locked, "E7: locked")
      invariant(!hasHeldRun(job), "E2: a locked job is held by nobody")
      var queued = 0
      var claim = firstClaim(job)
      while claim != .none {
        if !claims[claim].pointee.isHolder { queued += 1 }
        claim = claims[claim].pointee.nextOfJob
      }
      invariant(queued == 1, "E6: a locked job waits for one lock")
      count += 1
      job = jobs[job].pointee.next
    }
    return count
  }

  /// Connections in the function's ring that have a grab outstanding.
  private func checkRing(_ slot: Slot) -> Int {
    let head = functions[slot].pointee.ring
    var willing = 0
    var members = 0
    var registration = head
    while registration != .none {
      invariant(registrations[registration].pointee.function == slot, "E7: a ring of its own")
      let peer = registrations[registration].pointee.session
      if !sessions[peer].pointee.grabs.isEmpty { willing += 1 }
      members += 1
      registration = registrations[registration].pointee.ringNext
      if registration == head { break }
    }
    invariant(members <= functions[slot].pointee.workers, "E7: only workers are in the ring")
    return willing
  }

  private func hasHeldRun(_ job: Slot) -> Bool {
    var run = firstRun(job)
    while run != .none {
      if runs[run].pointee.state.isHeld { return true }
      run = runs[run].pointee.nextOfJob
    }
    return false
  }

  private func checkStaged() {
    var count = 0
    var slot = firstStaged
    var batch: UInt64 = 0
    while slot != .none {
      let version = versions[slot]
      invariant(version.pointee.batch >= batch, "E8: versions stand in the order of their batches")
      batch = version.pointee.batch
      if version.pointee.job != .none {
        let state = jobs[version.pointee.job].pointee.state
        let isAssignable = state == .ready || state == .scheduled
        invariant(
          state == .staged || version.pointee.keepsFields && !isAssignable,
          "E8: staged, not assignable")
      }
      count += 1
      slot = version.pointee.next
    }
    invariant(count == versions.count, "E9: no version is left behind")
  }

  private func checkWheel() {
    var count = 0
    deadlines.forEach(in: runs) { run in
      invariant(runs[run].pointee.state.isHeld, "what has a deadline is held")
      count += 1
    }
    invariant(count == deadlines.count, "E7: all that have a deadline are found")
  }

  private func checkHeap<Element: HeapElement>(
    _ heap: IndexedHeap<Element>, in slab: Slab<Element>, _ belongs: (Slot) -> Bool
  ) {
    for index in 0..<heap.count {
      let entry = heap[index]
      invariant(slab[entry.slot].pointee.heapIndex == Slot(index), "a heap entry knows its place")
      invariant(belongs(entry.slot), "what lies in a heap belongs there")
      if index > 0 {
        invariant(
          !heap.precedes(entry, heap[(index - 1) / 4], in: slab), "a heap's parent comes first")
      }
    }
  }
}
