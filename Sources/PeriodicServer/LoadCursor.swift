import PeriodicCore
import PeriodicEngine
import PeriodicWire

/// A LOAD that is being carried out: each of its jobs as by SUBMIT_JOB (PROTOCOL 2.10).
///
/// The whole list is checked before the first job is kept, so that of a broken one nothing is. The
/// bytes stay where they came in, in a frame at the front of the session's input.
struct LoadCursor {
  /// Jobs taken off the list, and bytes of theirs, in one turn.
  static let jobsInSlice = 512
  static let bytesInSlice = 256 << 10

  enum Phase {
    case checking
    case submitting
    /// Everything is with the engine, and some of it not yet durable.
    case settling
  }

  let message: MessageID
  /// Bytes of the frame, and where in it the list begins.
  let frame: Int
  let start: Int
  var list: JobList
  var phase = Phase.checking
  /// Why the first job that was not kept was not.
  var refusal: Refusal?
  /// The batches that may hold its jobs.
  var firstBatch: UInt64?
  var lastBatch: UInt64 = 0
}

/// A list of jobs in the form of either generation.
enum JobList {
  case one(Generation1JobList)
  case two(Generation2JobList)

  init(_ generation: Generation) {
    self = generation == .one ? .one(Generation1JobList()) : .two(Generation2JobList())
  }

  mutating func next(in list: Bytes) -> JobListItem {
    switch self {
    case .one(let place): return place.next(in: list)
    case .two(var place):
      let item = place.next(in: list)
      self = .two(place)
      return item
    }
  }
}

extension ServerCore {
  /// Under this id the engine answers for the jobs of a LOAD.
  static let loadMessage = MessageID(.max - 1)

  /// Begins a LOAD, whose frame of `frame` bytes must stay at the front of the session's input.
  func startLoad(
    _ list: Bytes, _ message: MessageID, frame: Int, _ generation: Generation, _ session: Session
  ) {
    let cursor = LoadCursor(
      message: generation == .one ? .none : message, frame: frame, start: frame - list.count,
      list: JobList(generation))
    start(.load(cursor), of: session)
  }

  /// Whether there is room for more of a LOAD, or nothing left to wait for. It fills half of what
  /// may wait for the store, so that other clients do not wait.
  func canMove(_ cursor: LoadCursor) -> Bool {
    switch cursor.phase {
    case .checking: true
    case .submitting: gate.load(configuration.limits) < 0.5 || phase != .serving
    case .settling: gate.hasSettled(cursor.lastBatch)
    }
  }

  func advance(_ cursor: LoadCursor, _ session: Session, at now: Now) -> LoadCursor? {
    var cursor = cursor
    switch cursor.phase {
    case .checking: check(&cursor, session, at: now)
    case .submitting: submit(&cursor, session, at: now)
    case .settling: break
    }
    guard session.isOpen else { return nil }
    guard cursor.phase == .settling, gate.hasSettled(cursor.lastBatch) else { return cursor }
    if cursor.message != .none {
      say(cursor.refusal.map { .refused($0) } ?? .success, cursor.message, session)
    }
    session.input.consume(cursor.frame)
    return nil
  }

  /// Takes jobs off the list to see whether it is whole.
  private func check(_ cursor: inout LoadCursor, _ session: Session, at now: Now) {
    let list = bytes(of: cursor, session)
    var left = LoadCursor.bytesInSlice
    for _ in 0..<LoadCursor.jobsInSlice where left > 0 {
      switch cursor.list.next(in: list) {
      case .job(let job): left -= 64 + job.workload.count
      case .skipped: left -= 64
      case .violation(let violation): return violated(violation.text, session, at: now)
      case .end:
        cursor.phase = .submitting
        if case .one = cursor.list {
          cursor.list = JobList(.one)
        } else {
          cursor.list = JobList(.two)
        }
        return
      }
    }
  }

  private func submit(_ cursor: inout LoadCursor, _ session: Session, at now: Now) {
    guard let id = session.id else { return }
    if phase != .serving {
      cursor.refusal = cursor.refusal ?? .stopping
      return settle(&cursor)
    }
    let list = bytes(of: cursor, session)
    let principal = identities == nil ? nil : principal(of: session)
    var left = LoadCursor.bytesInSlice
    if cursor.firstBatch == nil { cursor.firstBatch = gate.number }
    loadRefusal = nil
    items: for _ in 0..<LoadCursor.jobsInSlice where left > 0 {
      switch cursor.list.next(in: list) {
      case .job(let job):
        left -= 64 + job.workload.count
        if identities != nil, principal?.maySpeak(of: job.key.function) != true {
          loadRefusal = loadRefusal ?? .notAllowed
          continue
        }
        engine.handle(.submit(job), ServerCore.loadMessage, from: id, at: now, into: &effects)
        carryOut(for: nil)
      case .skipped: left -= 64
      case .violation: fatalError("the list was checked")
      case .end:
        settle(&cursor)
        break items
      }
    }
    cursor.refusal = cursor.refusal ?? loadRefusal
    cursor.lastBatch = gate.newest
  }

  private func settle(_ cursor: inout LoadCursor) {
    cursor.phase = .settling
    cursor.lastBatch = gate.newest
  }

  private func bytes(of cursor: LoadCursor, _ session: Session) -> Bytes {
    Bytes(rebasing: session.input.bytes[cursor.start..<cursor.frame])
  }

  /// Batches were given up: the jobs that a LOAD had in them are not kept.
  func batchesFailed(_ numbers: ClosedRange<UInt64>) {
    for session in moving {
      guard case .load(var cursor) = session.cursor, let first = cursor.firstBatch,
        first <= numbers.upperBound, numbers.lowerBound <= cursor.lastBatch
      else { continue }
      cursor.refusal = cursor.refusal ?? health.refusal ?? .storeFailed
      session.cursor = .load(cursor)
    }
  }
}
