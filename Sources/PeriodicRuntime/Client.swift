public import PeriodicClient
import PeriodicCore
public import PeriodicLoop

/// Submits jobs to a server, and asks it things, over one connection that it keeps up by itself.
///
///     let loop = try Loop()
///     let client = Client(loop, to: try Address("tcp://127.0.0.1:5000"))
///     let outcome = try client.submitAndWait(Job("resize", "a.png"))   // .success
///
/// **Requests**: `submit`, `run`, `receiveData`, `remove`, `drop`, `status`, `getSetting`,
/// `setSetting`, `dump`, `load`, `shutdown`, `ping`. Each returns at once, and ends in
/// exactly one `Outcome`, delivered as its `Delivery` says: pulled from a queue in batches, passed
/// to a closure, or nowhere. Any number up to `ConnectionOptions.requests` may be under way; they
/// are sent together at the end of the loop's turn. A request that throws was not made at all.
/// **Waiting**: `submitAndWait` and its like run the loop until their request has ended; inside a
/// callback of the same loop they throw `deadlock`.
/// **Connection**: begins at once, and comes back after a loss with growing pauses. Requests made
/// meanwhile wait for it, within their time. Those that were sent when it was lost end as
/// `disconnected`: they may have been carried out, and nothing is sent twice.
/// **End**: `close`, or letting the client go; every open request ends as `cancelled`. Before the
/// loop goes.
///
/// Belongs to the loop's thread. Times are milliseconds: a `timeout` covers waiting for a
/// connection and for the answer, `nil` is `ConnectionOptions.requestTimeout`, `.max` is for ever.
public final class Client {
  let runner: PeerRunner<ClientCore>

  public init(
    _ loop: Loop, to address: Address, options: ConnectionOptions = ConnectionOptions()
  ) {
    let core = ClientCore(options: options, seed: .random(in: 0 ... .max))
    runner = PeerRunner(loop, to: address, core)
    runner.afterTurn = { [unowned self] in notify() }
  }

  deinit {
    runner.afterTurn = nil
    runner.close()
  }

  public var loop: Loop { runner.loop }

  // MARK: Requests

  @discardableResult
  func request(
    _ command: Command, _ delivery: Delivery, timeout: Int64?
  ) throws(RequestError) -> RequestID {
    try runner.request(delivery) { (core, tag, now) throws(RequestError) in
      try core.request(command, tag: tag, timeout: timeout, at: now)
    }
  }

  func wait(
    for command: Command, timeout: Int64?, onPart: @escaping ([UInt8]) -> Void = { _ in }
  ) throws(RequestError) -> Outcome {
    try runner.wait(onPart: onPart) { (core, tag, now) throws(RequestError) in
      try core.request(command, tag: tag, timeout: timeout, at: now)
    }
  }

  /// Ends a request now, as `cancelled`; it may be carried out nevertheless. False if it has ended.
  @discardableResult
  public func cancel(_ id: RequestID) -> Bool { runner.cancel(id) }

  // MARK: Completions

  /// The oldest completion of those delivered by `pull`, if there is one.
  public func takeCompletion() -> Completion? { runner.core.takeCompletion() }

  /// Completions that `takeCompletion` has ready.
  public var completionCount: Int { runner.core.completionCount }

  /// Called at the end of a turn that something happened in, while there are completions to take.
  public var onCompletions: (() -> Void)?

  /// Requests that have not ended.
  public var openRequests: Int { runner.core.openRequests }

  // MARK: Connection

  public var state: ConnectionState { runner.core.state }
  /// Why the last connection, or attempt at one, ended; and the same in words.
  public var lastLoss: LossReason? { runner.core.lastLoss }
  public var lastLossText: String? { runner.lossText }

  /// Called at the end of the turn in which the connection came or went, with the newest state.
  public var onStateChange: ((ConnectionState) -> Void)?
  private var lastState = ConnectionState.connecting

  /// Ends the connection and every open request, as `cancelled`; closures among them are called
  /// before this returns. What was asked before is still sent, as far as the socket takes it at
  /// once; whether it arrives is not known. Safe to call twice. Completions not taken can still be
  /// taken.
  ///
  /// Lets go of the closures that were set, which may hold whoever set them.
  public func close() {
    runner.close()
    onStateChange = nil
    onCompletions = nil
  }

  private func notify() {
    if state != lastState {
      lastState = state
      onStateChange?(state)
    }
    if completionCount > 0 { onCompletions?() }
  }
}

/// What shows in a debugger or a failed test. Without it, looking inside would copy what cannot be
/// copied, which stops the process.
extension Client: CustomReflectable {
  public var customMirror: Mirror {
    Mirror(self, children: ["state": state, "openRequests": openRequests])
  }
}
