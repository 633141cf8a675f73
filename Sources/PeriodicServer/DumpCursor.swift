import PeriodicCore
import PeriodicEngine
import PeriodicStore
import PeriodicWire

/// A DUMP that is being written (PROTOCOL 2.10). Not a snapshot: what changes meanwhile may be in
/// it in either form.
struct DumpCursor {
  /// Places looked at, and bytes of jobs written, in one turn.
  static let placesInSlice = 1024
  static let bytesInSlice = 32 << 10

  let writer: DumpWriter
  /// Where to go on; `nil` when every place has been looked at.
  var position: JobPosition? = .start
  /// Waits for jobs that only the store has.
  var isReading = false
}

extension ServerCore {
  func startDump(_ message: MessageID, _ session: Session) {
    let limits = configuration.limits
    // A longer answer would be over the limit of what may wait for a reader.
    let limit = min(limits.frameBytes, limits.outputCloseBytes - limits.outputPauseBytes)
    let form: DumpForm
    switch session.phase {
    case .registered(.one, _):
      guard let decoder = session.generation1 else { fatalError("a session has its decoder") }
      form = .generation1(decoder.bytes(of: message))
    default: form = .generation2(message)
    }
    let writer = DumpWriter(form, limit: limit)
    start(.dump(DumpCursor(writer: writer)), of: session)
  }

  /// Begins the answer to a DUMP over HTTP, which a refusal can no longer follow.
  func startDump(_ context: HTTPReplyContext, _ session: Session) {
    let writer = DumpWriter(.lines(context), limit: .max)
    writer.begin(into: &session.outgoing.buffer)
    markDirty(session)
    if context.isHead { return answeredHTTP(session) }
    start(.dump(DumpCursor(writer: writer)), of: session)
  }

  /// Writes the next jobs, and asks the store for those that are not here.
  func advance(_ cursor: DumpCursor, _ session: Session, at now: Now) -> DumpCursor? {
    var cursor = cursor
    var bytes = 0
    var places = 0
    var away: [(ticket: ReadTicket, isRunning: Bool)] = []
    while places < DumpCursor.placesInSlice, bytes < DumpCursor.bytesInSlice,
      let position = cursor.position, !cursor.writer.isOverLimit
    {
      places += 1
      // One at a time, because one workload may be all that a turn can take.
      cursor.position = engine.forEachJob(from: position, atMost: 1) { job, isRunning in
        switch job {
        case .here(let job):
          cursor.writer.append(job, isRunning: isRunning, into: &session.outgoing.buffer)
          bytes += 64 + job.job.workload.count
        case .away(let ticket, _):
          away.append((ticket, isRunning))
          bytes += 64 + ticket.byteCount
        }
      }
    }
    if !session.outgoing.isEmpty { markDirty(session) }
    if cursor.position == nil && away.isEmpty || cursor.writer.isOverLimit {
      cursor.writer.finish(into: &session.outgoing.buffer)
      markDirty(session)
      answeredHTTP(session)
      return nil
    }
    if !away.isEmpty {
      cursor.isReading = true
      wantedReads.append(StoreRead(away, for: session))
    }
    return cursor
  }

  /// What a DUMP waited for is here. A job without a row has gone meanwhile.
  func dumped(_ read: StoreRead, _ rows: StoreBatch, _ session: Session) {
    guard session.isOpen, case .dump(var cursor) = session.cursor else { return }
    ServerCore.forEach(read, rows) { index, stored in
      guard let stored else { return }
      let job = Assignment(
        id: stored.id, job: stored.job, previousRunAt: stored.previousRunAt, fence: 0)
      cursor.writer.append(job, isRunning: read.running[index], into: &session.outgoing.buffer)
    }
    cursor.isReading = false
    session.cursor = .dump(cursor)
    if !session.outgoing.isEmpty { markDirty(session) }
  }
}
