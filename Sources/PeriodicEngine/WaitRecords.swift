import PeriodicCore

/// The requests that wait for one job, under its name: the job itself need not exist.
struct WaitList: BitwiseCopyable {
  var function: Slot
  var name: UnsafeMutableRawPointer
  var nameLength: UInt8
  /// The waiters, oldest first.
  var first: Slot = .none
  var last: Slot = .none
  /// How many of them wait for the result.
  var runs = 0
  /// Neighbours among the lists of the function.
  var previous: Slot = .none
  var next: Slot = .none

  var bytes: Bytes { Bytes(start: name, count: Int(nameLength)) }
}

/// One RUN_JOB that waits for its result, or one RECV_DATA that listens (PROTOCOL 2.5).
struct Waiter: HeapElement {
  var list: Slot
  var session: Slot
  var message: MessageID
  /// Wants the data of the run and hears of its end, but not of the result.
  var isListener: Bool
  /// Neighbours in the list.
  var previous: Slot = .none
  var next: Slot = .none
  /// Neighbours among the waiters of the connection.
  var sessionPrevious: Slot = .none
  var sessionNext: Slot = .none

  /// Place among the deadlines of all waiters.
  var heapIndex: Slot = .none
  var heapTie: UInt64 = 0
}

/// What the server itself says as data (PROTOCOL 2.5).
enum Word {
  static let end: StaticString = "EOF"
  static let failed: StaticString = "failed"
  static let expired: StaticString = "expired"
  static let removed: StaticString = "removed"
}
