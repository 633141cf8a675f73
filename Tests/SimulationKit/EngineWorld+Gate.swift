import PeriodicCore
import PeriodicEngine
import PeriodicStore

/// The store and the commit gate of the simulated engine.
extension EngineWorld {
  /// Sends the collected batch off, and lets the one in flight arrive when its time has come.
  func settle() {
    if let flying = inFlight, flying.due <= now.monotonic { finishBatch(failing: random.chance(8)) }
    if inFlight == nil, !collecting.isEmpty {
      inFlight = (collecting, batchNumber, now.monotonic + Int64(random.below(1500)))
      collecting = StoreBatch()
      batchNumber += 1
      engine.collectingBatch = batchNumber
    }
  }

  /// Makes everything durable.
  func flush() {
    while inFlight != nil || !collecting.isEmpty {
      if let flying = inFlight { now.monotonic = max(now.monotonic, flying.due) }
      if inFlight != nil { finishBatch(failing: false) }
      settle()
    }
  }

  /// Has jobs read whose turn comes, at once or after a while.
  func read() {
    while true {
      if reading == nil, engine.wantsReads {
        let wait = random.chance(50) ? 0 : Int64(random.below(1500))
        let tickets = engine.takeReads(at: now)
        if !tickets.isEmpty { reading = (tickets, now.monotonic + wait) }
      }
      guard let current = reading, current.due <= now.monotonic else { return }
      reading = nil
      log("\(current.tickets.count) jobs are read")
      for ticket in current.tickets {
        var found: Bool?
        store.read(ticket.id) { stored in
          found = engine.fetched(ticket, stored, at: now, into: &effects)
        }
        let isThere = found ?? engine.fetched(ticket, nil, at: now, into: &effects)
        expect(isThere, "E1: \(ticket.id) is in no store")
      }
      engine.fetchedAll(at: now, into: &effects)
      takeEffects()
      work()
    }
  }

  private func finishBatch(failing: Bool) {
    guard let flying = inFlight else { return }
    inFlight = nil
    log("batch \(flying.number) \(failing ? "fails" : "is durable")")
    if failing {
      requeue(flying.batch, flying.number)
      modelFails(flying.number)
      engine.failed(flying.number, at: now, into: &effects)
    } else {
      store.apply(flying.batch)
      release(upTo: flying.number)
      modelCommits(flying.number)
      engine.committed(flying.number, at: now, into: &effects)
    }
    takeEffects()
    work()
  }

  /// A failed batch's puts are given up; everything else goes again, before what came after it.
  private func requeue(_ batch: StoreBatch, _ number: UInt64) {
    let again = StoreBatch()
    batch.forEach { if case .put = $0 {} else { again.append($0) } }
    collecting.forEach { again.append($0) }
    collecting = again
    for promise in held where promise.batch == number && promise.isPut {
      history.forget(promise.key, promise.change)
    }
    held.removeAll { $0.batch == number && $0.isPut }
    for index in held.indices where held[index].batch == number {
      held[index].batch = batchNumber
    }
  }

  /// E8: replies leave now; from here on a crash must not lose what they promise (E1).
  private func release(upTo number: UInt64) {
    for promise in held where promise.batch <= number {
      history.acknowledge(promise.key, promise.change)
    }
    held.removeAll { $0.batch <= number }
  }

  private func modelCommits(_ number: UInt64) {
    for index in jobs.indices {
      jobs[index].staged.removeAll { $0.batch <= number }
      if jobs[index].state == .staged, jobs[index].staged.isEmpty { jobs[index].state = .waiting }
    }
  }

  private func modelFails(_ number: UInt64) {
    for index in jobs.indices.reversed() {
      var isGone = false
      while let place = jobs[index].staged.lastIndex(where: { $0.batch == number }) {
        let staged = jobs[index].staged.remove(at: place)
        let before = staged.before
        if staged.isAwaited {
          answerRunners(of: jobs[index].key, Refusal.storeFailed.text, isAlone: true)
        }
        let isLast = place == jobs[index].staged.count
        if staged.keepsFields, isLast {
          jobs[index].version.isTransient = before?.isTransient == true
        } else if staged.keepsFields {
          jobs[index].staged[place].before?.isTransient = before?.isTransient == true
        } else if !isLast {
          jobs[index].staged[place].before = before
        } else if let before {
          jobs[index].version = before
        } else {
          isGone = true
        }
      }
      if isGone {
        vanish(jobs[index].key, saying: Refusal.storeFailed.text)
      } else if jobs[index].state == .staged, jobs[index].staged.isEmpty {
        jobs[index].state = .waiting
      }
    }
  }
}
