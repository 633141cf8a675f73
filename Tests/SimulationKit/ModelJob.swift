/// The names of a job, as owned text.
struct KeyName: Hashable, Comparable, CustomStringConvertible {
  var function: String
  var name: String
  var description: String { "\(function):\(name)" }

  static func < (left: KeyName, right: KeyName) -> Bool {
    (left.function, left.name) < (right.function, right.name)
  }
}

/// What the model knows of one job: a plain record, found by linear search.
struct ModelJob {
  enum State: Equatable {
    case staged, waiting, running
    /// In the queue of this lock.
    case locked(String)
  }

  /// What a submit sets.
  struct Version {
    var workload: String
    var due: Int64
    var sequence: Int
    var count: Int
    var timeout: Int
    var scheduledAt: Int64
    var origin: UInt8
    /// The time as the submitter gave it.
    var asked: Int64 = 0
    /// Only RUN_JOB asked for it: it is never stored.
    var isTransient = false
    /// When it was last handed out; another version has not been.
    var previousRunAt: Int64 = 0
  }

  /// A version on its way to the store.
  struct Staged {
    var batch: UInt64
    var before: Version?
    /// The job runs on with the fields it has: only that it is stored is new.
    var keepsFields = false
    /// RUN_JOB asked for it.
    var isAwaited = false
  }

  /// What the receivers that have reported so far make of the job: the strongest counts
  /// (PROTOCOL 2.3).
  enum Outcome: Equatable {
    case nothing, failed
    /// In so many milliseconds, the count raised by the step.
    case later(Int64, step: Int)
    case done
  }

  let key: KeyName
  var version: Version
  var state = State.waiting
  /// Versions that wait for their batch, oldest first: the batch, and what was there before.
  var staged: [Staged] = []
  /// The number that generation 1 names it by, once it has been handed out.
  var id: UInt64?
  /// What `version.previousRunAt` was before the present hand-out.
  var runBefore: Int64 = 0
  /// Hand-outs that somebody may still report on, newest last.
  var runs: [ModelRun] = []
  /// Whether the last hand-out was a broadcast to more than one connection.
  var hasSeveralReceivers = false
  var outcome = Outcome.nothing

  init(key: KeyName, version: Version) {
    self.key = key
    self.version = version
  }

  /// Bytes of name and workload.
  var byteCount: Int { key.name.utf8.count + version.workload.utf8.count }
  var isTransient: Bool { version.isTransient }
  /// Whether no version is durable yet, though one is on its way.
  var isUnborn: Bool { staged.first.map { $0.before == nil } ?? false }
  var isHeld: Bool { runs.contains { $0.isHeld } }

  /// The run of this peer, held or given back.
  func run(of peer: Int) -> Int? { runs.firstIndex { $0.peer == peer } }
  func holds(_ peer: Int) -> Bool { runs.contains { $0.peer == peer && $0.isHeld } }

  /// Nobody holds it and no lock keeps it; but what is not durable yet has to wait for that.
  mutating func waitAgain() { state = staged.isEmpty ? .waiting : .staged }
}

/// One hand-out of one job to one connection.
struct ModelRun {
  var peer: Int
  /// The grab that it used up.
  var message: UInt64
  var fence: UInt64
  var startedAt: Int64
  var leaseEnd: Int64
  /// When the wait for the worker's word ends; `Int64.max` when it has come, or is not waited for.
  var offerEnd: Int64
  /// The job is the worker's; otherwise a deadline has taken it back.
  var isHeld = true
  /// Given back without the worker's word: a late one may bring it back.
  var isLateOffer = false
  /// Given back, and neither 33 nor 34 has come.
  var awaitsWord = false

  var deadline: Int64 { isHeld ? min(leaseEnd, offerEnd) : .max }
  var isUnconfirmed: Bool { isHeld ? offerEnd != .max : awaitsWord }
}

/// One RUN_JOB or RECV_DATA that has not been answered to its end (PROTOCOL 2.5).
struct ModelWaiter {
  var peer: Int
  var message: UInt64
  var key: KeyName
  var deadline: Int64
  /// RECV_DATA, not RUN_JOB.
  var isListener: Bool
}

/// A lock by name, while somebody holds or wants it (PROTOCOL 2.6).
struct ModelLock {
  struct Entry {
    var key: KeyName
    /// Whose run holds it, or whose ACQUIRE queued the job.
    var peer: Int
    var maximum: Int
    /// Since when it is held.
    var since: Int64 = 0
  }

  let name: String
  var holders: [Entry] = []
  var queue: [Entry] = []

  var capacity: Int { (holders + queue).map { $0.maximum }.max() ?? 0 }
  var isFree: Bool { holders.count < capacity }
}
