import PeriodicCore

/// Where waiters hang: under the name of the job that they wait for, and under the message id by
/// which their connection knows them.
extension Engine {
  /// What stands against one more waiter of this connection, if anything.
  func checkWaiter(_ message: MessageID, _ peer: Slot) -> Refusal? {
    let count = sessions[peer].pointee.waiters
    if count >= limits.waitersPerConnection {
      return .limit(.waitersPerConnection, value: count + 1)
    }
    let known = waiterIndex.find(messageHash(message, peer)) { slot in
      waiters[slot].pointee.session == peer && waiters[slot].pointee.message == message
    }
    return known == nil ? nil : .malformed("message id is in use")
  }

  mutating func addWaiter(
    _ fields: JobFields, _ function: Slot, _ message: MessageID, _ peer: Slot,
    isListener: Bool, at now: Now
  ) {
    let list =
      findWaitList(fields.key.name, function) ?? insertWaitList(fields.key.name, function)
    let session = sessions[peer]
    let waiter = waiters.insert(
      Waiter(list: list, session: peer, message: message, isListener: isListener))
    let last = waitLists[list].pointee.last
    waiters[waiter].pointee.previous = last
    if last == .none {
      waitLists[list].pointee.first = waiter
    } else {
      waiters[last].pointee.next = waiter
    }
    waitLists[list].pointee.last = waiter
    if !isListener { waitLists[list].pointee.runs += 1 }

    waiters[waiter].pointee.sessionNext = session.pointee.firstWaiter
    if session.pointee.firstWaiter != .none {
      waiters[session.pointee.firstWaiter].pointee.sessionPrevious = waiter
    }
    session.pointee.firstWaiter = waiter
    session.pointee.waiters += 1

    waiterIndex.insert(waiter, hash: messageHash(message, peer))
    let wait = fields.timeout > 0 ? Int64(fields.timeout) : Engine.ordinaryWait
    waiters[waiter].pointee.heapTie = nextSequence()
    let end = now.monotonic.addingSaturated(wait * 1000)
    waiterDeadlines.insert(waiter, key: end, in: waiters)
  }

  /// The requests that wait for this job.
  @inline(__always)
  func waitList(of job: Slot) -> Slot? {
    findWaitList(jobs[job].pointee.name, jobs[job].pointee.function)
  }

  mutating func removeWaitList(_ slot: Slot) {
    let list = waitLists[slot].pointee
    waitIndex.remove(slot, hash: jobHash(list.bytes, list.function))
    if list.previous == .none {
      functions[list.function].pointee.firstWaitList = list.next
    } else {
      waitLists[list.previous].pointee.next = list.next
    }
    if list.next != .none { waitLists[list.next].pointee.previous = list.previous }
    bytes.release(list.name, Int(list.nameLength))
    waitLists.remove(slot)
  }

  @inline(__always)
  private func findWaitList(_ name: Bytes, _ function: Slot) -> Slot? {
    if waitIndex.count == 0 { return nil }
    return waitIndex.find(jobHash(name, function)) { slot in
      waitLists[slot].pointee.function == function && waitLists[slot].pointee.bytes.equals(name)
    }
  }

  private mutating func insertWaitList(_ name: Bytes, _ function: Slot) -> Slot {
    let slot = waitLists.insert(
      WaitList(
        function: function, name: copy(name), nameLength: UInt8(name.count)))
    let first = functions[function].pointee.firstWaitList
    waitLists[slot].pointee.next = first
    if first != .none { waitLists[first].pointee.previous = slot }
    functions[function].pointee.firstWaitList = slot
    waitIndex.insert(slot, hash: jobHash(name, function))
    return slot
  }
}
