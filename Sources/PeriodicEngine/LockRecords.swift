import PeriodicCore

/// A named lock; exists while a job holds it or waits for it.
struct LockRecord: BitwiseCopyable {
  var name: UnsafeMutableRawPointer
  var nameLength: UInt8
  /// The largest capacity that a holder or a waiting job asked for, and how many asked for it.
  var capacity: UInt16 = 0
  var atCapacity = 0
  var holders = 0
  /// Holders, newest first.
  var firstHolder: Slot = .none
  /// Jobs that wait, oldest first.
  var firstQueued: Slot = .none
  var lastQueued: Slot = .none
  /// In the list of locks to be looked at when the call ends.
  var isMarked = false

  var bytes: Bytes { Bytes(start: name, count: Int(nameLength)) }
  var isUnused: Bool { firstHolder == .none && firstQueued == .none }
}

/// One job's hold on one lock, or its place in the queue.
struct Claim: HeapElement {
  var lock: Slot
  var job: Slot
  /// The connection that asked.
  var session: SessionID
  var capacity: UInt16
  var isHolder: Bool
  /// Monotonic milliseconds at which it became the holder.
  var heldSince: Int64
  /// Neighbours among the holders or in the queue.
  var previous: Slot = .none
  var next: Slot = .none
  /// The job's next claim.
  var nextOfJob: Slot = .none

  /// Place among the holdings.
  var heapIndex: Slot = .none
  var heapTie: UInt64 = 0
}
