public import PeriodicCore

/// A client or worker without its transport: bytes, events and the time in, bytes and actions out.
///
/// The owner of the transport calls `connected`, `received` and `disconnected` as they happen and
/// `tick` when `nextDeadline` has come. After each call, requests included, it takes actions until
/// there are none, and writes `output`. Between the action `disconnect` and the next `connect`, or
/// after the transport said `disconnected`, nothing of the old transport may be passed on.
public protocol PeerCore: ~Copyable {
  var state: ConnectionState { get }
  /// Why the last connection or attempt ended.
  var lastLoss: LossReason? { get }

  /// Whether the server is driven by the same loop: it is not asked for signs of life then. Set
  /// before `connected`.
  var isServerHere: Bool { get set }

  /// Begins to connect.
  mutating func open(at now: Now)
  mutating func connected(at now: Now)
  /// - Parameter bytes: what came, in any fragmentation; borrowed for the call.
  mutating func received(_ bytes: Bytes, at now: Now)
  /// The transport is gone, or could not be connected.
  mutating func disconnected(_ reason: LossReason, at now: Now)
  /// Does what is due.
  mutating func tick(at now: Now)
  /// The turn ends.
  ///
  /// - Parameter isServerDirect: whether the server can be asked without messages.
  mutating func endTurn(isServerDirect: Bool, at now: Now)
  /// Ends it: every open request is completed as `cancelled`.
  mutating func close()

  /// Bytes to write, valid until the next call.
  var output: Bytes { get }
  /// The first `count` bytes of `output` have been handed to the transport.
  mutating func wrote(_ count: Int)
  mutating func takeAction() -> TransportAction?
  /// When to call `tick`, on the monotonic clock; `nil` is not at all.
  var nextDeadline: Int64? { get }
  /// The completion that is oldest among those to be pulled.
  mutating func takeCompletion() -> Completion?
  /// The completion that is oldest among those with a route.
  mutating func takeRoutedCompletion() -> Completion?
  /// Requests that have no completion yet.
  var openRequests: Int { get }
  /// Completions that have not been taken, without and with a route.
  var completionCount: Int { get }
  var routedCount: Int { get }
  /// Ends a request now, as `cancelled`. False if it has ended already.
  mutating func cancel(_ id: RequestID) -> Bool
}
