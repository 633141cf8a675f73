import PeriodicCore

/// What is known of one request until it is answered. Plain storage.
struct Request: BitwiseCopyable {
  /// Its id; the low 32 bits are the message id on the wire. 0 marks a free place.
  var id: UInt64 = 0
  var tag = RequestTag()
  /// When it is given up, on the monotonic clock; `.max` is never.
  var deadline: Int64 = .max
  /// What the kind needs besides: the place of a grab, the serial number of a function.
  var detail: UInt32 = 0
  /// The token of the job that it is about, where its answer may take the job away.
  var job: UInt64 = 0
  /// Bytes of its frame, while that waits for a connection.
  var frameBytes: UInt32 = 0
  var kind = RequestKind.ping
  /// Whether the present connection carries it.
  var isSent = false
}

/// The requests that have no answer yet, found by the message id they were sent under.
///
/// A ring: ids are given out in ascending order, a request lies at its id modulo the capacity, and
/// an id whose place is taken is passed over. So looking up is one load, nothing is allocated per
/// request, and a request that stays long is in nobody's way.
///
/// - Invariant: at most half of the places are used.
struct RequestTable: ~Copyable {
  private var places: UnsafeMutablePointer<Request>
  private var capacity: Int
  private var lastID: UInt64
  private(set) var used = 0
  /// Requests that owe somebody a completion.
  private(set) var owed = 0
  /// Reports of a worker among them.
  private(set) var reports = 0
  /// No deadline in the table is earlier; may itself be too early.
  private(set) var earliestDeadline: Int64 = .max

  /// - Parameter lastID: the id before the first one given out.
  init(capacity: Int = 64, lastID: UInt64 = 0) {
    self.capacity = capacity
    self.lastID = lastID
    places = .allocate(capacity: capacity)
    places.initialize(repeating: Request(), count: capacity)
  }

  deinit { places.deallocate() }

  /// Gives the request an id and keeps it.
  mutating func insert(_ request: Request) -> UInt64 {
    if (used + 1) * 2 > capacity { grow() }
    let id = nextID(isFree: true)
    let place = places + Int(truncatingIfNeeded: id) & (capacity - 1)
    place.pointee = request
    place.pointee.id = id
    used += 1
    if request.kind.owesCompletion { owed += 1 }
    if request.kind == .report { reports += 1 }
    earliestDeadline = min(earliestDeadline, request.deadline)
    return id
  }

  /// An id for a completion that needs no request.
  mutating func freshID() -> UInt64 { nextID(isFree: false) }

  /// The request that was sent under `message`; valid until the table changes.
  func find(message: UInt32) -> UnsafeMutablePointer<Request>? {
    let place = places + Int(message) & (capacity - 1)
    guard place.pointee.id != 0, UInt32(truncatingIfNeeded: place.pointee.id) == message else {
      return nil
    }
    return place
  }

  /// The request of that id; valid until the table changes.
  func find(id: UInt64) -> UnsafeMutablePointer<Request>? {
    let place = places + Int(truncatingIfNeeded: id) & (capacity - 1)
    return id != 0 && place.pointee.id == id ? place : nil
  }

  mutating func remove(_ place: UnsafeMutablePointer<Request>) {
    if place.pointee.kind.owesCompletion { owed -= 1 }
    if place.pointee.kind == .report { reports -= 1 }
    place.pointee.id = 0
    used -= 1
    if used == 0 { earliestDeadline = .max }
  }

  /// The asker waits no longer; the answer is still awaited, as `kind`, which owes nobody anything.
  mutating func abandon(_ place: UnsafeMutablePointer<Request>, as kind: RequestKind) {
    if place.pointee.kind.owesCompletion { owed -= 1 }
    place.pointee.kind = kind
    place.pointee.tag = .ignored
    place.pointee.deadline = .max
  }

  /// The ids of all requests that `matches`, oldest first. O(capacity): for rare events.
  func ids(where matches: (Request) -> Bool) -> [UInt64] {
    var found: [UInt64] = []
    for index in 0..<capacity where places[index].id != 0 && matches(places[index]) {
      found.append(places[index].id)
    }
    return found.sorted()
  }

  /// The ids of the requests whose deadline has come, oldest first.
  ///
  /// Walks the table only when the earliest deadline that was ever asked for has come, so a
  /// request that is answered in time costs nothing here.
  mutating func takeExpired(at now: Int64) -> [UInt64] {
    guard now >= earliestDeadline else { return [] }
    var next = Int64.max
    for index in 0..<capacity where places[index].id != 0 && places[index].deadline > now {
      next = min(next, places[index].deadline)
    }
    earliestDeadline = next
    return ids { $0.deadline <= now }
  }

  /// The next id that may be used: not zero on the wire, and never four hexadecimal digits, because
  /// a server treats such grabs as an old worker's (PROTOCOL 2.3).
  private mutating func nextID(isFree: Bool) -> UInt64 {
    while true {
      lastID += 1
      let message = UInt32(truncatingIfNeeded: lastID)
      if message == 0 || RequestTable.isFourHexDigits(message) { continue }
      if !isFree || places[Int(message) & (capacity - 1)].id == 0 { return lastID }
    }
  }

  static func isFourHexDigits(_ message: UInt32) -> Bool {
    var rest = message
    for _ in 0..<4 {
      let byte = UInt8(truncatingIfNeeded: rest >> 24)
      if !((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66)) { return false }
      rest <<= 8
    }
    return true
  }

  private mutating func grow() {
    let wider = UnsafeMutablePointer<Request>.allocate(capacity: capacity * 2)
    wider.initialize(repeating: Request(), count: capacity * 2)
    for index in 0..<capacity where places[index].id != 0 {
      wider[Int(truncatingIfNeeded: places[index].id) & (capacity * 2 - 1)] = places[index]
    }
    places.deallocate()
    places = wider
    capacity *= 2
  }
}
