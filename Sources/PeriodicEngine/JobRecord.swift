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

/// How much of a job is in memory. The rest is in the store.
enum Residence: UInt8 {
  /// The name alone: enough to find the job, and to know when its turn comes.
  case name
  /// All but the workload.
  case details
  case whole
}

/// One job: where it stands. Millions of them wait for days, so every byte counts; what a job has
/// only while something happens to it is in its `Activity`, and what it is made of in one block of
/// the arena: the name, then details (`DetailsForm`) and the workload as far as they are here; of a
/// large one (`SharedBytes`) where it is.
struct JobRecord: HeapElement {
  var id: JobID
  /// The order key: max(when to run, when accepted), milliseconds since 1970.
  var due: Int64
  /// Breaks ties between equal order keys: the order of acceptance. Every version of a job has
  /// another one.
  var sequence: UInt64
  var block: UnsafeMutableRawPointer
  var workloadLength: UInt32
  var nameLength: UInt8
  var state: JobState
  var residence: Residence
  /// Exists only because of RUN_JOB: no store has it, and it goes with the last who waits for it.
  var isTransient = false
  var function: Slot

  /// In the heap its place there; in the ready queue and in the function's lists of running and of
  /// locked jobs the neighbour before it.
  var heapIndex: Slot = .none
  var next: Slot = .none
  var activity = ActivityReference.none

  var previous: Slot {
    get { heapIndex }
    set { heapIndex = newValue }
  }

  var heapTie: UInt64 { sequence }

  var name: Bytes { Bytes(start: block, count: Int(nameLength)) }

  /// Where the details lie.
  ///
  /// - Precondition: they are in memory.
  @inline(__always)
  var detailsPlace: UnsafeMutableRawPointer {
    invariant(residence != .name, "details are looked at where they are in memory")
    return block + Int(nameLength)
  }

  /// - Precondition: they are in memory.
  @inline(__always)
  var details: JobDetails { DetailsForm.read(detailsPlace, due: due) }

  /// - Precondition: it is in memory.
  @inline(__always)
  private var workloadPlace: UnsafeMutableRawPointer {
    detailsPlace + DetailsForm(at: detailsPlace).size
  }

  /// - Precondition: it is in memory.
  @inline(__always)
  var workload: Bytes {
    if let shared { return shared._withUnsafeGuaranteedRef { $0.bytes } }
    return Bytes(start: workloadPlace, count: Int(workloadLength))
  }

  /// What keeps the workload, if it is large.
  ///
  /// - Precondition: it is in memory.
  @inline(__always)
  var shared: Unmanaged<SharedBytes>? {
    guard KeptWorkloads.isLarge(Int(workloadLength)) else { return nil }
    return workloadPlace.loadUnaligned(as: KeptWorkloads.Place.self).shared
  }

  /// Bytes of name and workload, wherever they are.
  var byteCount: Int { Int(nameLength) + Int(workloadLength) }
}

/// What happens to a job: nothing, a run and no more, which is most of it, or what its `Activity`
/// says.
struct ActivityReference: BitwiseCopyable, Equatable {
  private var slot: Slot

  private static var loneRun: Slot { 1 << 31 }

  static var none: ActivityReference { ActivityReference(slot: .none) }

  /// A run alone; nothing for no run.
  @inline(__always)
  static func run(_ run: Slot) -> ActivityReference {
    invariant(run == .none || run < loneRun - 1, "there are fewer than 2^31 runs")
    return ActivityReference(slot: run | loneRun)
  }

  static func record(_ activity: Slot) -> ActivityReference {
    invariant(activity < loneRun, "there are fewer than 2^31 activities")
    return ActivityReference(slot: activity)
  }

  /// Whether there is no record of it.
  @inline(__always) var isLoneRun: Bool { slot & Self.loneRun != 0 }

  /// The run that is all, or none if nothing happens.
  @inline(__always)
  var loneRun: Slot {
    invariant(isLoneRun, "a record has no lone run")
    return slot == .none ? .none : slot & ~Self.loneRun
  }

  @inline(__always) var record: Slot { slot }
}

/// What a job has while something happens to it.
struct Activity: BitwiseCopyable {
  /// The first of its runs: held ones, or given back ones that may still report.
  var run: Slot = .none
  /// The newest version that waits for its batch.
  var staged: Slot = .none
  /// The first of the locks that it holds or waits for.
  var claim: Slot = .none

  /// Whether it says no more than a run alone does.
  var isLoneRun: Bool { staged == .none && claim == .none }
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
  var block: UnsafeMutableRawPointer?
  var workloadLength: UInt32 = 0
  var residence = Residence.whole
}
