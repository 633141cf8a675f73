public import PeriodicClient
public import PeriodicCore
import PeriodicLoop
import PeriodicServer

/// The server of a client or worker on its own loop, asked by calls: no message, no turn.
///
/// Its rules are those of messages, and both can be mixed: messages on their way get there first,
/// in both directions. Not from inside a callback of the loop; and while one of these exists the
/// loop counts as running, so that what is called back may not run it.
struct DirectServer {
  let core: ServerCore
  let session: Session
  let now: Now
}

extension PeerRunner where Core: ~Copyable {
  /// Lets `body` ask the server directly; `nil` if that cannot be now.
  func directly<Result>(_ body: (DirectServer) -> Result) -> Result? {
    guard let server, let stream, server.answersDirectly, !loop.isRunning else { return nil }
    loop.preconditionOnLoop()
    // What is called back may let go of the server.
    let runner = server.runner
    let now = loop.now
    loop.beginCall()
    defer {
      loop.endCall()
      runner.needsTurn = true
      needsTurn = true
    }
    flush()
    guard core.output.isEmpty, stream.deliverNow(), let session = server.session,
      runner.core.mayAskDirectly(session)
    else { return nil }
    if !session.output.isEmpty { server.flush() }
    stream.takeNow()
    return body(DirectServer(core: runner.core, session: session, now: now))
  }
}

extension ServerConnection {
  /// Whether the server can be asked directly, unless something stands in the way at present.
  var answersDirectly: Bool { session != nil && runner.core.answersDirectly }
}

extension Client {
  /// Lets `body` submit jobs to a server on the same loop in this call, by the function that it is
  /// given; `nil`, and no call of it, if the server has to be asked by messages.
  public func submitDirectly<Result>(
    _ body: ((JobFields) throws(RequestError) -> Outcome) -> Result
  ) -> Result? {
    runner.directly { server in
      body { (job) throws(RequestError) in
        try runner.core.check(job)
        if case .success = server.core.submitDirectly(job, at: server.now) { return .success }
        return .refused
      }
    }
  }
}

extension Worker {
  /// Hands `body` up to `most` jobs: those that have come, then those that a server on the same
  /// loop has for this worker now.
  ///
  /// - Returns: how many there were.
  @discardableResult
  public func take(atMost most: Int, _ body: (ReceivedJob) -> Void) -> Int {
    var count = 0
    func takeReceived(_ now: Now) {
      while count < most, let job = runner.core.next(at: now) {
        body(job)
        count += 1
      }
    }
    // What is taken makes room for a grab.
    defer { if count > 0 { runner.needsTurn = true } }
    let isDirect: Void? = runner.directly { server in
      takeReceived(server.now)
      while count < most, runner.core.mayPull,
        let (run, job) = server.core.pull(for: server.session, at: server.now)
      {
        body(runner.core.pulled(job, run, at: server.now))
        count += 1
      }
    }
    if isDirect == nil {
      loop.preconditionOnLoop()
      takeReceived(loop.now)
      // Grabs in the place of jobs whose time had run out.
      if !runner.core.output.isEmpty { runner.needsTurn = true }
    }
    return count
  }

  /// Lets `body` report jobs as done to a server on the same loop, by the function that it is
  /// given, which answers false for a job that cannot be reported so; `nil`, and no call of it, if
  /// the server has to be told by messages.
  public func reportDirectly<Result>(_ body: ((JobToken, Bytes) -> Bool) -> Result) -> Result? {
    runner.directly { server in
      body { job, data in
        guard let (run, key) = runner.core.run(of: job, bytes: data.count) else { return false }
        server.core.doneDirectly(run, key, data, by: server.session, at: server.now)
        runner.core.reported(job)
        return true
      }
    }
  }
}
