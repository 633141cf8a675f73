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
    guard connection.isReady, !isDraining, !functions.isEmpty else { return }
    while grabbing + jobs.count < slotLimit {
      if idle.isEmpty {
        idle.append(UInt32(slots.count))
        slots.append(Slot())
      }
      grab(idle.removeLast(), at: now)
    }
  }

  private mutating func grab(_ index: UInt32, at now: Now) {
    let slot = Int(index)
    slots[slot].state = .grabbing
    grabbing += 1
    repeatAt = now.monotonic.addingSaturated(WorkerCore.repeatInterval)
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
    guard let place = connection.table.find(message: number), place.pointee.kind == .grab,
      slots[Int(place.pointee.detail)].state == .grabbing
    else {
      // Not asked for, or asked for twice because a repeated grab crossed an assignment.
      return connection.send(.unassigned, under: number, at: now)
    }
    let index = place.pointee.detail
    grabbing -= 1
    if isDraining || jobs.count >= slotLimit {
      slots[Int(index)].state = .idle
      idle.append(index)
      connection.send(.unassigned, under: number, at: now)
      return fillGrabs(at: now)
    }
    slots[Int(index)].state = .holding
    repeatAt = now.monotonic.addingSaturated(WorkerCore.repeatInterval)
    connection.send(.assigned, under: number, at: now)
    received.append(jobs.insert(job, slot: index, at: now))
  }

  /// A job is no longer in hand; its slot may grab again.
  mutating func release(_ job: UInt32) {
    if jobs.state(job) != .lost {
      let slot = jobs.slot(job)
      slots[Int(slot)].state = .idle
      idle.append(slot)
    }
    jobs.remove(job)
  }

  mutating func repeatGrabs(at now: Now) {
    guard now.monotonic >= repeatAt else { return }
    repeatAt = .max
    guard connection.isReady, !isDraining, grabbing > 0 else { return }
    for slot in slots where slot.state == .grabbing {
      connection.send(.grab(confirms: true), under: slot.message, at: now)
    }
    repeatAt = now.monotonic.addingSaturated(WorkerCore.repeatInterval)
  }

  /// The connection is gone, and with it every grab and the server's belief that jobs are held here.
  mutating func loseAll() {
    jobs.loseAll()
    received.removeAll()
    slots.removeAll(keepingCapacity: true)
    idle.removeAll(keepingCapacity: true)
    grabbing = 0
    repeatAt = .max
    finishDrain()
  }
}
