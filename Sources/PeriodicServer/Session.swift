public import PeriodicCore
import PeriodicWire

/// One connection, from its first byte to its last: what it speaks, what has come in and not been
/// handled, what goes out and has not been taken.
///
/// Belongs to its `ServerCore`; the shell reads `output` and reports what the socket took.
public final class Session {
  /// Whether the peer is a process of the user that the server runs as, or of root. Known of Unix
  /// sockets only.
  public var isOwners = false

  /// Whether the peer is driven by the same loop as the server, so that its silence means nothing.
  let isHere: Bool

  /// What the connection turned out to be.
  enum Phase {
    /// Fewer bytes than the protocol needs to be known.
    case sniffing
    case registering(Generation)
    case registered(Generation, Role)
    case http
    /// No input counts any more; closes when its output has been written.
    case ending
    case closed
  }

  /// The shell's object for this connection.
  public var connection: AnyObject?

  var phase = Phase.sniffing
  /// The engine's name for it, once registered.
  var id: SessionID?
  /// Bytes received that no decoder has consumed.
  var input = ByteBuffer()
  var outgoing = Output()
  /// Generation 1: bytes at the front of the output whose frame the socket has taken in part.
  private var frameRest = 0
  var generation1: Generation1Decoder?
  var generation2: Generation2Decoder
  var http: HTTPExchange?
  var grabs = GrabMessages()
  /// What takes several turns, in the core's list of such.
  var cursor: Cursor?
  /// Who the connection says it is, if that counts.
  var credentials: Credentials?

  /// Replies that wait for a batch.
  var heldReplies = 0
  /// Which connection of the server it is, counted from 1: the order in which they came.
  let order: UInt64
  /// Its place among those that must say something in time.
  var awaited: Awaited?
  var heardAt: Int64
  /// In the core's list of sessions with output, or with a close to come.
  var isDirty = false
  /// In the core's list of sessions whose input waits for the store or for the start.
  var isStalled = false
  var isPaused = false
  /// The peer has sent its last byte.
  var hasEnded = false

  init(limits: Limits, order: UInt64, isHere: Bool, at now: Now) {
    self.isHere = isHere
    generation2 = Generation2Decoder(limit: limits.frameBytes)
    self.order = order
    heardAt = now.monotonic
  }

  /// Bytes for the socket, as many as lie in one piece; valid until the session is next touched.
  public var output: Bytes { outgoing.front }

  /// What goes out with one system call: all of `output`; in generation 1 one frame, because its
  /// released client reads a frame as if it came in one piece (PROTOCOL 1.3).
  public var nextWrite: Bytes {
    guard generation1 != nil else { return output }
    let count = frameRest > 0 ? frameRest : Generation1.lengthOfFrame(output)
    return Bytes(rebasing: output[..<count])
  }

  /// Keeps what has come until a decoder consumes it.
  func keep(_ bytes: Bytes) { input.append(bytes, expecting: generation2.missing) }

  /// The peer has given a sign of life that is no bytes.
  public func heardFrom(at now: Now) { heardAt = now.monotonic }

  /// Whether nothing but the output has still to happen.
  public var isEnding: Bool {
    if case .ending = phase { true } else { false }
  }

  /// The socket took the first `count` bytes of `output`.
  public func wrote(_ count: Int) {
    if generation1 != nil { noteFrames(count) }
    outgoing.consume(count)
    // What a burst needed is given back when the burst is over.
    if outgoing.isEmpty { outgoing.reset(keeping: 64 << 10) }
  }

  /// Finds out how much of a generation 1 frame is left when `count` bytes of output are gone.
  private func noteFrames(_ count: Int) {
    var gone = 0
    while gone < count {
      if frameRest == 0 { frameRest = Generation1.lengthOfFrame(Bytes(rebasing: output[gone...])) }
      let part = min(frameRest, count - gone)
      frameRest -= part
      gone += part
    }
  }

  var isOpen: Bool {
    switch phase {
    case .ending, .closed: false
    default: true
    }
  }

  var isWorker: Bool {
    if case .registered(_, .worker) = phase { true } else { false }
  }
}
