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

extension Client {
  /// Submits jobs to a server on another loop of this process in as few messages as may be, and
  /// runs the loop until they are answered.
  ///
  /// - Parameter job: makes the next job; what it throws, and what is wrong with a job, is told as
  ///   that job's end.
  /// - Parameter ended: called once for each of the jobs, in no order that can be relied on.
  /// - Returns: how many of the jobs, from the first, were dealt with so; messages have to be sent
  ///   for the others.
  public func submitTogether(
    _ count: Int, timeout: Int64, _ job: (Int) throws -> JobFields,
    ended: (Int, Result<Outcome, any Error>) -> Void
  ) -> Int {
    let deadline = loop.now.monotonic.addingSaturated(timeout)
    var next = 0
    while next < count, runner.mayAskTogether {
      let first = next
      let batch = JobBatch()
      var places: [Int] = []
      var failures: [(Int, any Error)] = []
      while next < count, !batch.isFull {
        do {
          let fields = try job(next)
          try runner.core.check(fields)
          batch.append(fields)
          places.append(next)
        } catch {
          failures.append((next, error))
        }
        next += 1
      }
      let end = runner.ask(batch, until: deadline)
      if end == .notTaken { return first }
      for (index, error) in failures { ended(index, .failure(error)) }
      for (index, place) in places.enumerated() {
        switch end {
        case .taken: ended(place, .success(batch.wasTaken(index) ? .success : .refused))
        case .lost: ended(place, .success(.disconnected))
        case .timedOut: ended(place, .success(.timedOut))
        case .notTaken: break
        }
      }
    }
    return next
  }
}

extension PeerRunner where Core: ~Copyable {
  enum AskEnd { case taken, notTaken, lost, timedOut }

  /// Whether a question may go to the other end before long.
  var mayAskTogether: Bool {
    guard let stream, stream.isOpen, core.state == .ready, !loop.isRunning, !refusesQuestions else {
      return false
    }
    return true
  }

  /// Asks the server on another loop, after what was written before, and runs this one until it has
  /// answered.
  func ask(_ question: any StreamQuestion, until deadline: Int64) -> AskEnd {
    flush()
    guard let stream, core.output.isEmpty else { return .notTaken }
    var end: AskEnd?
    let isAsked = stream.ask(question) { [loop] isTaken in
      end = isTaken.map { $0 ? .taken : .notTaken } ?? .lost
      loop.stop()
    }
    if !isAsked {
      refusesQuestions = true
      return .notTaken
    }
    let timer = LoopTimer(loop) { [loop] in loop.stop() }
    if deadline != .max { timer.arm(at: deadline) }
    while end == nil, loop.now.monotonic < deadline { loop.run() }
    if end == .notTaken { refusesQuestions = true }
    return end ?? .timedOut
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
        runner.core.report(job, bytes: data.count) {
          server.core.doneDirectly($0, $1, data, by: server.session, at: server.now)
        }
      }
    }
  }
}
