import PeriodicCore

/// One function: its jobs, and the connections that can do it.
struct FunctionRecord: HeapElement {
  var name: UnsafeMutableRawPointer
  var nameLength: UInt8
  /// In the list of functions to be served at the end of the call.
  var isMarked = false
  /// Dropped: found by nobody any more, its jobs are freed a slice at a time.
  var isDropped = false
  /// The last id that its drop covers.
  var droppedUpTo: UInt64 = 0
  /// Dropped, and only staged jobs are left.
  var isSwept = false
  /// The next function whose jobs are to be freed.
  var nextDropped: Slot = .none

  /// Jobs that wait for their time, or came before it; least (due, sequence) first.
  var heap = IndexedHeap<JobRecord>()
  /// Jobs that were due when they came, in order.
  var firstReady: Slot = .none
  var lastReady: Slot = .none
  var firstRunning: Slot = .none
  /// Jobs of any state, with those whose first version is still staged.
  var jobs = 0
  var running = 0
  /// Jobs that no batch has made durable yet.
  var unborn = 0
  /// Bytes of names and workloads of its jobs, in memory or not.
  var byteCount = 0
  /// Jobs that are not wholly in memory.
  var away = 0
  /// About how many of its next jobs are in memory, while some are not.
  var ahead = 0
  /// In the list of functions for which something is to be read.
  var isHungry = false

  /// Jobs that wait for a lock, and how many.
  var firstLocked: Slot = .none
  var locked = 0
  /// Requests that wait for its jobs, by job.
  var firstWaitList: Slot = .none

  /// Connections that registered it, how many of them as a broadcast, and how many that have no
  /// word for that (generation 1).
  var workers = 0
  var broadcasters = 0
  var undecided = 0
  /// The registration to be served next; the ring may hold some whose grabs are used up.
  var ring: Slot = .none

  /// Place among the functions whose next job sets the wake-up.
  var heapIndex: Slot = .none
  var heapTie: UInt64 = 0

  var bytes: Bytes { Bytes(start: name, count: Int(nameLength)) }

  /// A due job goes to every connection, if that is what each of them asked for that can ask
  /// (PROTOCOL 2.3 and 2.13).
  var isBroadcast: Bool { broadcasters > 0 && broadcasters + undecided == workers }
}

/// That one connection can do one function.
struct Registration: BitwiseCopyable {
  var session: Slot
  var function: Slot
  var isBroadcast: Bool
  /// Neighbours in the function's ring of connections that may have a grab outstanding.
  var ringPrevious: Slot = .none
  var ringNext: Slot = .none
  /// Neighbours in the connection's circle of functions.
  var previous: Slot
  var next: Slot

  var isInRing: Bool { ringNext != .none }
}

/// One connection, as far as assigning goes.
struct SessionRecord: BitwiseCopyable {
  var generation: UInt32
  var traits: SessionTraits
  var isOpen = true

  /// Functions, as a circle: the one to be served next.
  var cursor: Slot = .none
  var registrations = 0
  /// Grabs that wait for a job, oldest first.
  var grabs = GrabQueue()
  /// Runs held or given back, newest first.
  var firstRun: Slot = .none
  var runs = 0
  /// Requests that wait for the end or the data of a job.
  var firstWaiter: Slot = .none
  var waiters = 0

  /// Whether this worker has ever confirmed, or ended, a run.
  var hasConfirmed = false
  var hasFinished = false
}

/// How far a run is.
enum RunState: UInt8 {
  /// Handed out, not yet confirmed.
  case offered
  /// The worker has it.
  case accepted
  /// Not confirmed in time: the job waits again, but the word may still come.
  case offerExpired
  /// Its lease ended: the job waits again, but the worker may still report it done.
  case leaseExpired

  /// Whether the job is the worker's.
  @inline(__always) var isHeld: Bool { self == .offered || self == .accepted }
}

/// One hand-out of one job to one connection.
struct Run: WheelElement {
  var job: Slot
  var session: Slot
  /// Those that were handed the job together; none for a single receiver.
  var round: Slot
  /// The grab that it used up.
  var message: MessageID
  var fence: UInt64
  var state: RunState
  /// Monotonic milliseconds of the hand-out.
  var startedAt: Int64
  /// Monotonic milliseconds at which the lease ends; `Int64.max` for none.
  var leaseEnd: Int64

  /// Where it lies among the deadlines.
  var wheelKey: Int64 = 0
  var wheelBucket: Int16 = -1
  var wheelNext: Slot = .none
  var wheelPrevious: Slot = .none
  var wheelTie: UInt64 { fence }
  /// Neighbours in the connection's list.
  var previous: Slot = .none
  var next: Slot = .none
  /// The next run of the same job.
  var nextOfJob: Slot = .none
  /// Its entry among the runs that wait for the worker's word.
  var offer: Slot = .none
}

/// A run that waits for the worker's word, or was given back and may still get it: found by
/// connection and message id.
struct Offer: BitwiseCopyable {
  var run: Slot
}
