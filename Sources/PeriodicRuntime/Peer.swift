public import PeriodicClient
public import PeriodicLoop

/// What a client and a worker have in common on a loop: how requests end, and the connection.
///
/// Belongs to the loop's thread.
public class Peer {
  public let loop: Loop
  private let peer: any RunningPeer
  private var lastState = ConnectionState.connecting

  init(_ peer: any RunningPeer) {
    self.peer = peer
    loop = peer.loop
    peer.afterTurn = { [unowned self] in notify() }
  }

  deinit {
    peer.afterTurn = nil
    peer.close()
  }

  // MARK: Requests

  /// Ends a request now, as `cancelled`; it may be carried out nevertheless. False if it has ended.
  @discardableResult
  public func cancel(_ id: RequestID) -> Bool { peer.cancel(id) }

  /// Requests that have not ended.
  public var openRequests: Int { peer.openRequests }

  /// The oldest completion of those delivered by `pull`, if there is one.
  public func takeCompletion() -> Completion? { peer.takeCompletion() }

  /// Completions that `takeCompletion` has ready.
  public var completionCount: Int { peer.completionCount }

  /// Called at the end of a turn that something happened in, while there are completions to take.
  public var onCompletions: (() -> Void)?

  // MARK: Connection

  public var state: ConnectionState { peer.state }
  /// Why the last connection, or attempt at one, ended; and the same in words.
  public var lastLoss: LossReason? { peer.lastLoss }
  public var lastLossText: String? { peer.lossText }

  /// Called at the end of the turn in which the connection came or went, with the newest state.
  public var onStateChange: ((ConnectionState) -> Void)?

  /// Ends the connection and every open request, as `cancelled`; closures among them are called
  /// before this returns. What was asked before is still sent, as far as the socket takes it at
  /// once; whether it arrives is not known. Safe to call twice. Completions not taken can still be
  /// taken. Jobs that a worker has in hand stay valid, their reports end as `stale`.
  ///
  /// Lets go of the closures that were set, which may hold whoever set them.
  public func close() {
    peer.close()
    onStateChange = nil
    onCompletions = nil
  }

  /// Tells the user what the turn that ends has brought.
  func notify() {
    if state != lastState {
      lastState = state
      onStateChange?(state)
    }
    if completionCount > 0 { onCompletions?() }
  }
}

/// What shows in a debugger or a failed test. Without it, looking inside would copy what cannot be
/// copied, which stops the process.
extension Peer: CustomReflectable {
  public var customMirror: Mirror {
    Mirror(
      self, children: ["state": state, "openRequests": openRequests],
      ancestorRepresentation: .suppressed)
  }
}

/// A `PeerRunner` of either kind.
protocol RunningPeer: AnyObject {
  var loop: Loop { get }
  var afterTurn: (() -> Void)? { get set }
  var state: ConnectionState { get }
  var lastLoss: LossReason? { get }
  var lossText: String? { get }
  var openRequests: Int { get }
  var completionCount: Int { get }
  func takeCompletion() -> Completion?
  func cancel(_ id: RequestID) -> Bool
  func close()
}

extension PeerRunner: RunningPeer where Core: ~Copyable {
  var state: ConnectionState { core.state }
  var lastLoss: LossReason? { core.lastLoss }
  var openRequests: Int { core.openRequests }
  var completionCount: Int { core.completionCount }
  func takeCompletion() -> Completion? { core.takeCompletion() }
}
