import PeriodicCore
import PeriodicWire

/// What client and worker have in common: registration, correlation, keepalive, reconnecting.
///
///     idle ── open ──▶ connecting ── connected ──▶ registering ── first frame ──▶ ready
///                         ▲   │ failed                 │ lost                       │ lost
///                         │   ▼                        ▼                            ▼
///                         └─ waiting ◀──────────────────────────────────────────────┘
///
/// From everywhere `close`, and a loss where reconnecting is off, lead to `closed`. The owner looks
/// at `state` after each call to learn that the connection became ready or was lost.
///
/// - Invariant: only in `ready` does `output` hold anything besides the registration.
struct Connection: ~Copyable {
  /// Never set. What holds an existential is passed by its address; without one the compiler copies
  /// all of it, and the core around it, for each call of a method that does not mutate.
  private let isPassedByAddress: Any? = nil
  let role: Role
  let options: ConnectionOptions
  private(set) var state = ConnectionState.idle
  private(set) var lastLoss: LossReason?
  /// The server is driven by the same loop.
  var isServerHere = false
  var output = ByteBuffer()
  /// Frames of requests that wait for a connection.
  var unsent = ByteBuffer()
  /// Bytes in `unsent` whose request has ended.
  var deadBytes = 0
  var table: RequestTable
  /// Completions to be pulled, and those that the runtime passes on.
  var completions = Queue<Completion>()
  var routed = Queue<Completion>()
  /// How many parts are in both queues, and what they amount to.
  var parts = 0
  var partBytes = 0

  private var inbox: Inbox
  private var backoff: Backoff
  private var needsDisconnect = false
  private var needsConnect = false
  /// When connecting, registering or waiting has lasted long enough.
  private var stateDeadline = Int64.max
  private var readySince: Int64 = 0
  private var lastReceived: Int64 = 0
  var lastSent: Int64 = 0
  /// When the connection counts as lost if nothing comes; `.max` while no PING is unanswered.
  private var silenceDeadline = Int64.max

  init(role: Role, options: ConnectionOptions, seed: UInt64) {
    self.role = role
    var options = options
    options.frameBytes = min(options.frameBytes, Int(UInt32.max))
    self.options = options
    table = RequestTable()
    inbox = Inbox(limit: options.frameBytes)
    backoff = Backoff(
      initial: options.reconnectDelay, maximum: options.maximumReconnectDelay, seed: seed)
  }

  var isReady: Bool { state == .ready }
  private var hasTransport: Bool {
    switch state {
    case .connecting, .registering, .ready: true
    case .idle, .waiting, .closed: false
    }
  }

  mutating func open(at now: Now) {
    guard state == .idle else { return }
    connect(at: now)
  }

  mutating func connected(at now: Now) {
    guard state == .connecting else { return }
    state = .registering
    stateDeadline = now.monotonic.addingSaturated(options.registrationTimeout)
    register()
    lastSent = now.monotonic
    lastReceived = now.monotonic
  }

  private mutating func register() {
    guard let credentials = options.credentials else {
      return Generation2.encodeRegistration(role, into: &output)
    }
    credentials.name.withUnsafeBytes { name in
      credentials.token.withUnsafeBytes { token in
        Generation2.encodeRegistration(
          role, identity: Identity(name: name, token: token), into: &output)
      }
    }
  }

  /// The transport has taken the first `count` bytes of `output`.
  mutating func wrote(_ count: Int) {
    output.consume(count)
    if output.isEmpty { output.reset(keeping: 1 << 20) }
  }

  mutating func takeAction() -> TransportAction? {
    if needsDisconnect {
      needsDisconnect = false
      return .disconnect
    }
    if needsConnect {
      needsConnect = false
      return .connect
    }
    return nil
  }

  // MARK: Input

  mutating func beginInput(_ bytes: Bytes, at now: Now) {
    guard state == .registering || isReady else { return }
    lastReceived = now.monotonic
    silenceDeadline = .max
    inbox.begin(bytes)
  }

  /// The next message; `nil` at the end of the input, or when the connection was lost over it.
  mutating func nextMessage(at now: Now) -> ServerMessage? {
    guard state == .registering || isReady else { return nil }
    do throws(WireViolation) {
      guard let message = try inbox.next() else { return nil }
      if case .connectionID = message { becomeReady(at: now) }
      return message
    } catch {
      lose(.violation(error), at: now)
      return nil
    }
  }

  mutating func endInput() {
    if state == .registering || isReady { inbox.finish() }
  }

  private mutating func becomeReady(at now: Now) {
    state = .ready
    stateDeadline = .max
    readySince = now.monotonic
  }

  // MARK: Ends

  /// The transport reports its own end.
  mutating func disconnected(_ reason: LossReason, at now: Now) {
    guard hasTransport else { return }
    end(reason, at: now)
  }

  /// The connection is given up from this side.
  mutating func lose(_ reason: LossReason, at now: Now) {
    guard hasTransport else { return }
    needsDisconnect = true
    end(reason, at: now)
  }

  private mutating func end(_ reason: LossReason, at now: Now) {
    lastLoss = reason
    needsConnect = false
    if isReady, now.monotonic - readySince >= options.stableAfter { backoff.reset() }
    dropTransportState()
    if options.reconnects {
      state = .waiting
      stateDeadline = now.monotonic.addingSaturated(backoff.next())
      endSentRequests()
    } else {
      state = .closed
      stateDeadline = .max
      endSentRequests()
      endAllRequests(as: .disconnected)
    }
  }

  mutating func close() {
    guard state != .closed else { return }
    if hasTransport { needsDisconnect = true }
    needsConnect = false
    state = .closed
    stateDeadline = .max
    dropTransportState()
    endAllRequests(as: .cancelled)
  }

  private mutating func dropTransportState() {
    output.reset(keeping: 1 << 16)
    inbox.reset()
    silenceDeadline = .max
  }

  private mutating func connect(at now: Now) {
    state = .connecting
    stateDeadline = now.monotonic.addingSaturated(options.connectTimeout)
    needsConnect = true
  }

  // MARK: Time

  /// Does what is due. What was lost shows in `state`.
  mutating func tick(at now: Now) {
    expireRequests(at: now)
    if now.monotonic >= stateDeadline {
      switch state {
      case .connecting: lose(.connectTimedOut, at: now)
      case .registering: lose(.registrationTimedOut, at: now)
      case .waiting: connect(at: now)
      case .idle, .ready, .closed: stateDeadline = .max
      }
    } else if isReady {
      keepAlive(at: now)
    }
  }

  var nextDeadline: Int64? {
    var next = min(stateDeadline, table.earliestDeadline)
    if isReady { next = min(next, quietDeadline) }
    return next == .max ? nil : next
  }

  /// When to ping, or to give up on the answer.
  private var quietDeadline: Int64 {
    if silenceDeadline != .max { return silenceDeadline }
    guard options.keepaliveInterval > 0, !isServerHere else { return .max }
    return min(lastReceived, lastSent).addingSaturated(options.keepaliveInterval)
  }

  private mutating func keepAlive(at now: Now) {
    guard now.monotonic >= quietDeadline else { return }
    if silenceDeadline == .max {
      send(.ping, .keepalive, at: now)
      silenceDeadline = now.monotonic.addingSaturated(options.peerTimeout)
    } else if now.monotonic - silenceDeadline > 1000 {
      // A host that slept past the deadline has not read what may have come meanwhile.
      silenceDeadline = now.monotonic.addingSaturated(1000)
    } else {
      lose(.peerSilent, at: now)
    }
  }
}
