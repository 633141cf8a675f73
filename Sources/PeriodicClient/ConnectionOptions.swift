/// How a client or worker keeps its connection. All times are milliseconds on the monotonic clock.
public struct ConnectionOptions: Equatable, Sendable {
  /// Time for the transport to connect.
  public var connectTimeout: Int64 = 10_000
  /// Time for the server to answer the registration. A server that still loads its store accepts
  /// and answers later, so this is longer than a round trip.
  public var registrationTimeout: Int64 = 30_000
  /// Time for an answer to a request that names no time of its own, waiting for a connection
  /// included; `.max` is for ever.
  public var requestTimeout: Int64 = 30_000

  /// Quiet time, in either direction, after which a PING is sent; 0 is never. Servers close
  /// connections that say nothing for 120 s (PROTOCOL 2.4), and some clients ping every 10 s.
  public var keepaliveInterval: Int64 = 10_000
  /// Time after that PING without any byte after which the connection counts as lost.
  public var peerTimeout: Int64 = 20_000

  /// Whether to connect again after a loss, or after an attempt that failed. If not, the first of
  /// these closes the client or worker, and every request still open ends `disconnected`.
  public var reconnects = true
  /// The wait before the second attempt; it doubles with each further one up to the maximum. The
  /// actual wait is random between half and the whole of it.
  public var reconnectDelay: Int64 = 100
  public var maximumReconnectDelay: Int64 = 30_000
  /// A connection that lasted so long was a good one: after it, waiting begins at the shortest.
  public var stableAfter: Int64 = 5_000

  /// Requests whose completion has not been taken; one more is `full`.
  public var requests = 65_536
  /// Bytes waiting to be sent; a request made with that many waiting is `full`. So the most that
  /// ever waits is this and one frame.
  public var outputBytes = 64 << 20
  /// Bytes of a frame's body in either direction. A longer request is `tooLarge`; a longer frame
  /// from the server ends the connection.
  public var frameBytes = 64 << 20
  /// Bytes of pieces of data that wait to be taken; a request whose next piece would pass it ends
  /// as `overflow`.
  public var dataBytes = 64 << 20
  /// Sent with the registration of every connection; without them none is claimed.
  public var credentials: Credentials?
  /// Functions that one worker may announce.
  public var functions = 4096

  public init() {}
}
