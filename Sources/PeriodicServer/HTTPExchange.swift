import PeriodicWire

/// What an HTTP connection is at: one request after the other, each answered before the next is
/// looked at.
struct HTTPExchange {
  enum Step {
    case reading
    /// The request is whole, and its one reply is still to come.
    case answering(HTTPReplyContext)
    /// The reply has been said; the next request's decoder is not yet there.
    case answered
  }

  /// Requests of one connection in one turn.
  static let requestsInTurn = 32
  /// Bytes of later requests that are read while one is carried out. So many are read, and no more,
  /// because only a connection that is read tells that its peer has gone.
  static let readAhead = 64 << 10

  /// Bytes of a request that prolong the time for the rest of it: a large body may take longer, one
  /// that trickles may not.
  static let progress = 64 << 10

  private(set) var decoder: HTTPDecoder
  var step = Step.reading
  /// The present request's number on its connection.
  private(set) var number: UInt64 = 0
  /// Whether another request may be handled in this turn.
  var mayGoOn = true
  /// In the core's list of sessions that go on at the end of the turn.
  var isResuming = false
  private var handled = 0
  private var received = 0

  init(_ decoder: HTTPDecoder) { self.decoder = decoder }

  /// The next request.
  mutating func begin(_ decoder: HTTPDecoder) {
    self.decoder = decoder
    step = .reading
    received = 0
    number += 1
    handled += 1
    if handled >= HTTPExchange.requestsInTurn { mayGoOn = false }
  }

  /// A part of a request has come.
  ///
  /// - Returns: whether so much has come that the rest may take its time anew.
  mutating func receive(_ count: Int) -> Bool {
    received += count
    guard received >= HTTPExchange.progress else { return false }
    received = 0
    return true
  }

  /// A turn in which requests may be handled again.
  mutating func beginTurn() {
    handled = 0
    mayGoOn = true
  }

  /// What the reply depends on that is still to come.
  var context: HTTPReplyContext? {
    if case .answering(let context) = step { context } else { nil }
  }

  /// Whether input may be handled.
  var isReading: Bool {
    if case .reading = step { true } else { false }
  }
}
