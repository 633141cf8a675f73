public import PeriodicCore
import PeriodicEngine
public import PeriodicStore

/// Jobs whose workload is in the store only: read back for those who are to get them, and for DUMP.
extension ServerCore {
  /// The store's answer to a read: `rows` has a put for each job that is there, in ascending order.
  public func wasRead(
    _ read: StoreRead, rows: StoreBatch, failure: StoreError?, at now: Now
  ) {
    if failure != nil {
      // Who waits for it waits on; the store is asked again after a pause.
      failedReads.append(read)
      readAgainAt = now.monotonic.addingSaturated(ServerCore.readPause)
      return
    }
    if let listing = read.listing {
      ServerCore.forEach(read, rows) { index, stored in listing.took(stored, read.ids[index]) }
      return
    }
    if let session = read.session { return dumped(read, rows, session) }
    isReading = false
    var lost = 0
    ServerCore.forEach(read, rows) { index, stored in
      let isThere = engine.fetched(read.tickets[index], stored, at: now, into: &effects)
      if !isThere { lost += 1 }
    }
    engine.fetchedAll(at: now, into: &effects)
    carryOut(for: nil)
    if lost > 0 { onLoss?(lost) }
  }

  /// Milliseconds before a read that failed is tried again.
  static let readPause: Int64 = 1000

  /// Asks for what is needed next; one read for hand-outs is under way at a time.
  func askForReads(at now: Now, _ act: (ServerAction) -> Void) {
    if let time = readAgainAt, time <= now.monotonic {
      readAgainAt = nil
      let again = failedReads
      failedReads = []
      for read in again where read.session?.isOpen ?? true { act(.read(read)) }
    }
    if phase == .serving, !isReading, engine.wantsReads {
      let tickets = engine.takeReads(at: now)
      if !tickets.isEmpty {
        isReading = true
        act(.read(StoreRead(tickets.map { ($0, false) }, for: nil)))
      }
    }
    for read in wantedReads where read.session?.isOpen ?? true { act(.read(read)) }
    wantedReads.removeAll(keepingCapacity: true)
  }

  /// Shows each ticket with its row, or without one.
  static func forEach(
    _ read: StoreRead, _ rows: StoreBatch, _ body: (Int, StoredJob?) -> Void
  ) {
    var index = 0
    rows.forEach { operation in
      guard case .put(let stored) = operation else { fatalError("a read hands back jobs") }
      while index < read.ids.count, read.ids[index].number < stored.id.number {
        body(index, nil)
        index += 1
      }
      invariant(
        index < read.ids.count && read.ids[index] == stored.id, "a read hands back what was asked")
      body(index, stored)
      index += 1
    }
    while index < read.ids.count {
      body(index, nil)
      index += 1
    }
  }
}
