public import PeriodicClient
public import PeriodicCore
import PeriodicLoop
import PeriodicServer

/// The server of a client or worker on its own loop, asked by calls: no message, no turn.
///
/// Its rules are those of messages, and both can be mixed: messages on their way to the server get
/// there first. Not from inside a callback of the loop; and while one of these exists the loop
/// counts as running, so that what is called back may not run it.
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
    let now = loop.now
    loop.beginCall()
    defer {
      loop.endCall()
      server.runner.needsTurn = true
      needsTurn = true
    }
    flush()
    guard core.output.isEmpty, stream.deliverNow(), let session = server.session,
      server.runner.core.mayAskDirectly(session)
    else { return nil }
    return body(DirectServer(core: server.runner.core, session: session, now: now))
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
  /// Shows `body` up to `most` jobs that a server on the same loop has for this worker now.
  ///
  /// - Returns: how many there were.
  public func pull(atMost most: Int, _ body: (ReceivedJob) -> Void) -> Int {
    guard runner.core.mayPull else { return 0 }
    return runner.directly { server in
      var count = 0
      while count < most, runner.core.mayPull,
        let (run, job) = server.core.pull(for: server.session, at: server.now)
      {
        body(runner.core.pulled(job, run, at: server.now))
        count += 1
      }
      return count
    } ?? 0
  }

  /// Lets `body` report jobs as done to a server on the same loop, by the function that it is
  /// given, which answers false for a job that cannot be reported so; `nil`, and no call of it, if
  /// the server has to be told by messages.
  public func reportDirectly<Result>(_ body: ((JobToken, Bytes) -> Bool) -> Result) -> Result? {
    runner.directly { server in
      body { job, data in
        runner.core.report(job, bytes: data.count) {
          server.core.doneDirectly($0, $1, data, by: server.session, at: server.now)
        }
      }
    }
  }
}
