import PeriodicCore

/// Where a job stands.
enum JobState: UInt8 {
  /// No job: the slot is free.
  case free
  /// Its newest version is on the way to the store; not assignable (the commit gate).
  case staged
  /// In its function's heap, for its time or for a worker.
  case scheduled
  /// In its function's queue of jobs that were due when they came.
  case ready
  /// Handed to a worker.
  case running
  /// Waits for a lock.
  case locked
}

/// One job: everything but its bytes, which lie together in one block of the arena.
struct JobRecord: HeapElement, HashElement {
  var id: JobID
  /// The order key: max(when to run, when accepted), milliseconds since 1970.
  var due: Int64
  /// Breaks ties between equal order keys: the order of acceptance.
  var sequence: UInt64
  /// When to run as submitted, seconds since 1970.
  var scheduledAt: Int64
  /// The name, and the workload behind it.
  var block: UnsafeMutableRawPointer
  var workloadLength: UInt32
  var nameLength: UInt8
  var state: JobState
  var origin: JobOrigin
  /// Exists only because of RUN_JOB: no store has it, and it goes with the last who waits for it.
  var isTransient = false
  var function: Slot
  var timeout: Int32
  var count: Int32
  /// When the last run was handed out, seconds since 1970; 0 if there was none.
  var previousRunAt: UInt32

  var hash: UInt32 = 0
  var hashNext: Slot = .none
  var heapIndex: Slot = .none
  /// Neighbours in the ready queue, or in the function's list of running or of locked jobs.
  var previous: Slot = .none
  var next: Slot = .none
  /// The first of its runs: held ones, or given back ones that may still report.
  var run: Slot = .none
  /// The newest version that waits for its batch.
  var staged: Slot = .none
  /// The first of the locks that it holds or waits for.
  var claim: Slot = .none

  var name: Bytes { Bytes(start: block, count: Int(nameLength)) }
  var workload: Bytes { Bytes(start: block + Int(nameLength), count: Int(workloadLength)) }
  var blockSize: Int { Int(nameLength) + Int(workloadLength) }
}

/// A version of a job on the way to the store, and what to put back if the store refuses it.
struct StagedVersion: BitwiseCopyable {
  /// `Slot.none` once the job has been removed.
  var job: Slot
  /// The batch that carries it.
  var batch: UInt64
  /// Versions of the same job.
  var newer: Slot = .none
  var older: Slot = .none
  /// The next staged version of all, in the order of staging.
  var next: Slot = .none

  /// Whether there was no version before this one: refused, the job goes.
  var isFirst: Bool
  /// The version before this one has the same fields, but no store had it; the job runs on.
  var keepsFields = false
  var isTransient = false
  /// RUN_JOB asked for it: refused, who waits for the result hears of it.
  var isAwaited = false
  var due: Int64 = 0
  var sequence: UInt64 = 0
  var scheduledAt: Int64 = 0
  var block: UnsafeMutableRawPointer?
  var workloadLength: UInt32 = 0
  var timeout: Int32 = 0
  var count: Int32 = 0
  var origin = JobOrigin.generation2
}
