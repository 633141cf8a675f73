import PeriodicCore
import PeriodicEngine
import PeriodicWire

/// A DUMP that is being written (PROTOCOL 2.10). Not a snapshot: what changes meanwhile may be in
/// it in either form.
struct DumpCursor {
  /// Places looked at, and bytes of jobs written, in one turn.
  static let placesInSlice = 4096
  static let bytesInSlice = 256 << 10

  let writer: DumpWriter
  var position = JobPosition.start
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

  /// Writes the next jobs.
  func advance(_ cursor: DumpCursor, _ session: Session, at now: Now) -> DumpCursor? {
    var cursor = cursor
    var bytes = 0
    var places = 0
    while places < DumpCursor.placesInSlice, bytes < DumpCursor.bytesInSlice {
      places += 1
      // One at a time, because one workload may be all that a turn can take.
      let next = engine.forEachJob(from: cursor.position, atMost: 1) { job, isRunning in
        cursor.writer.append(job, isRunning: isRunning, into: &session.outgoing)
        bytes += 64 + job.job.workload.count
      }
      guard let next, !cursor.writer.isOverLimit else {
        cursor.writer.finish(into: &session.outgoing)
        markDirty(session)
        return nil
      }
      cursor.position = next
    }
    if !session.outgoing.isEmpty { markDirty(session) }
    return cursor
  }
}
