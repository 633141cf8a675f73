public import PeriodicCore
import PeriodicWire

/// Slots: asking for jobs, and taking them in.
extension WorkerCore {
  /// Changes how many jobs may be in hand. Fewer takes effect as jobs are reported: a grab that is
  /// outstanding cannot be taken back, but a job that comes on it is handed back.
  ///
  /// - Parameter slots: from 1 to 4,096; beyond, the nearest.
  public mutating func setSlots(_ slots: Int, at now: Now) {
    slotLimit = WorkerCore.bounded(slots)
    fillGrabs(at: now)
  }

  /// Grabs as far as the bound allows.
  mutating func fillGrabs(at now: Now) {
    guard connection.isReady, !isDraining, hasFunctions else { return }
    // One tells of the next job; while one is there to be taken nobody need be told.
    let most = grabsAhead ? slotLimit : min(slotLimit, received.isEmpty ? jobs.count + 1 : 0)
    while grabbing + jobs.count < most {
      if idle.isEmpty {
        idle.append(UInt32(slots.count))
        slots.append(Slot())
      }
      grab(idle.removeLast(), at: now)
    }
  }

  /// Whether every free slot has its grab. A job that is broadcast comes to those alone.
  private var grabsAhead: Bool { !pullsJobs || functions.contains(where: \.isBroadcast) }

  private mutating func grab(_ index: UInt32, at now: Now) {
    let slot = Int(index)
    slots[slot].state = .grabbing
    slots[slot].grabbedAt = now.monotonic
    grabbing += 1
    repeatAt = min(repeatAt, now.monotonic.addingSaturated(repeatInterval))
    if slots[slot].message == 0 {
      // The id stays the slot's own as long as the connection lasts: a server must never see it on
      // anything but grabs and their confirmation (PROTOCOL 2.3).
      let request = Request(detail: index, kind: .grab, isSent: true)
      slots[slot].message = UInt32(truncatingIfNeeded: connection.table.insert(request))
    }
    connection.send(.grab(confirms: true), under: slots[slot].message, at: now)
  }

  /// A job has come on the grab of that message id.
  mutating func assigned(_ message: MessageID, _ job: JobFields, at now: Now) {
    let number = UInt32(truncatingIfNeeded: message.number)
    guard let place = connection.table.find(message: number), place.pointee.kind == .grab else {
      return connection.send(.unassigned, under: number, at: now)
    }
    let index = place.pointee.detail
    let slot = Int(index)
    switch slots[slot].state {
    case .idle: return connection.send(.unassigned, under: number, at: now)
    case .holding:
      // A repeated grab has crossed an assignment. JOB_UNASSIGNED could be taken for a word on the
      // job that is held under the same id, so this one is taken and put back by its name.
      connection.send(.assigned, under: number, at: now)
      return connection.send(.later(.key(job.key), delay: 0, step: 0), .handBack, at: now)
    case .grabbing: grabbing -= 1
    }
    if isDraining || jobs.count >= slotLimit {
      slots[slot].state = .idle
      idle.append(index)
      connection.send(.unassigned, under: number, at: now)
      return fillGrabs(at: now)
    }
    slots[slot].state = .holding
    connection.send(.assigned, under: number, at: now)
    received.append(jobs.insert(job, slot: index, at: now))
  }

  /// A job is no longer in hand; its slot may grab again.
  @inline(__always)
  mutating func release(_ job: UInt32) {
    freeSlot(of: job)
    jobs.remove(job)
  }

  /// The server has taken a job back, or the user lets go of it: there is nothing to report. Its
  /// bytes stay for whoever still looks at them, until the next job is taken.
  public mutating func surrender(_ token: JobToken, at now: Now) {
    guard let job = jobs.find(token) else { return }
    freeSlot(of: job)
    jobs.surrender(job)
    fillGrabs(at: now)
    finishDrain()
  }

  /// The server has taken a job back, and its user does not know: it is lost, as with a connection.
  mutating func lose(_ token: JobToken) {
    guard let job = jobs.find(token) else { return }
    freeSlot(of: job)
    jobs.lose(job)
  }

  @inline(__always)
  private mutating func freeSlot(of job: UInt32) {
    let slot = jobs.slot(job)
    if jobs.state(job) == .lost || slot == HeldJobs.noSlot { return }
    slots[Int(slot)].state = .idle
    idle.append(slot)
  }

  /// The server has refused a grab. It may stand nevertheless, if it was one that repeats another.
  mutating func grabRefused(_ index: UInt32, at now: Now) {
    let slot = Int(index)
    guard slots[slot].state == .grabbing else { return }
    let next = now.monotonic.addingSaturated(WorkerCore.refusalPause)
    slots[slot].grabbedAt = next - repeatInterval
    repeatAt = min(repeatAt, next)
  }

  /// Sends the grabs again that have been outstanding for long, or with `early` all of them.
  mutating func repeatGrabs(at now: Now, early: Bool = false) {
    guard early || now.monotonic >= repeatAt else { return }
    repeatAt = .max
    guard connection.isReady, !isDraining else { return }
    guard hasFunctions else {
      repeatAt = now.monotonic.addingSaturated(repeatInterval)
      return
    }
    for index in slots.indices where slots[index].state == .grabbing {
      var next = slots[index].grabbedAt.addingSaturated(repeatInterval)
      if early || next <= now.monotonic {
        connection.send(.grab(confirms: true), under: slots[index].message, at: now)
        slots[index].grabbedAt = now.monotonic
        next = now.monotonic.addingSaturated(repeatInterval)
      }
      repeatAt = min(repeatAt, next)
    }
  }

  /// The connection is gone, and with it every grab and the server's belief that jobs are held
  /// here.
  mutating func loseAll() {
    jobs.loseAll()
    received.removeAll()
    slots.removeAll(keepingCapacity: true)
    idle.removeAll(keepingCapacity: true)
    grabbing = 0
    repeatAt = .max
    forgetRefusals()
    finishDrain()
  }
}
