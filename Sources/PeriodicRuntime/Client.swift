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
public final class Client: Peer {
  let runner: PeerRunner<ClientCore>
  /// For the next jobs that go together.
  var spareBatch: JobBatch?

  public init(
    _ loop: Loop, to address: Address, options: ConnectionOptions = ConnectionOptions()
  ) {
    let core = ClientCore(options: options, seed: loop.random())
    runner = PeerRunner(loop, to: address, core)
    super.init(runner)
  }

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
}
