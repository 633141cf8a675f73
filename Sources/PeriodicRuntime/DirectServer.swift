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

/// Jobs and reports that go to the server in one call.
private let batchSize = 64

extension Client {
  /// Submits jobs to a server on the same loop in this call; false, and nothing is called, if the
  /// server has to be asked by messages.
  ///
  /// - Parameter job: fills the next job in, with bytes that stay until this returns; what it
  ///   throws, and what is wrong with a job, is told as that job's end.
  /// - Parameter failed: called for each job that was not taken, in their order.
  public func submitDirectly(
    _ count: Int, _ job: (Int, inout JobFields) throws -> Void,
    failed: (Int, Result<Outcome, any Error>) -> Void
  ) -> Bool {
    let isTaken: Void? = runner.directly { server in
      withUnsafeTemporaryAllocation(
        of: JobFields.self, capacity: min(count, batchSize)
      ) { batch in
        batch.initialize(repeating: .none)
        var next = 0
        while next < count {
          var filled = 0
          var failure: (any Error)?
          while filled < batch.count, next + filled < count {
            do {
              try job(next + filled, &batch[filled])
              try runner.core.checkItself(batch[filled].key, batch[filled].workload)
              filled += 1
            } catch {
              failure = error
              break
            }
          }
          let jobs = UnsafeBufferPointer(rebasing: batch[..<filled])
          server.core.submitDirectly(jobs, at: server.now) { index, _ in
            failed(next + index, .success(.refused))
          }
          next += filled
          if let failure {
            failed(next, .failure(failure))
            next += 1
          }
        }
      }
    }
    return isTaken != nil
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
      let room = min(most - count, runner.core.pullable)
      count += server.core.pull(for: server.session, atMost: room, at: server.now) { run, job in
        body(runner.core.pulled(job, run, at: server.now))
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

  /// Reports jobs as done to a server on the same loop in this call; `nil`, and nothing is called,
  /// if the server has to be told by messages.
  ///
  /// - Parameter job: the next job, and its result, which may be bytes of the job.
  /// - Returns: how many, from the first: up to one that is none, or cannot be reported so. They
  ///   are no longer in hand.
  public func reportDirectly(_ count: Int, _ job: (Int) -> (JobToken, Bytes)?) -> Int? {
    runner.directly { server in
      withUnsafeTemporaryAllocation(
        of: DoneReport.self, capacity: min(count, batchSize)
      ) { batch in
        var told = 0
        while told < count {
          var filled = 0
          while filled < batch.count, told + filled < count,
            let (token, data) = job(told + filled),
            runner.core.report(
              of: token, data, into: batch.baseAddress.unsafelyUnwrapped + filled)
          { filled += 1 }
          let reports = UnsafeBufferPointer(rebasing: batch[..<filled])
          let heard = server.core.doneDirectly(by: server.session, reports, at: server.now)
          runner.core.reported(reports, heard: heard)
          told += heard
          if heard < batch.count { break }
        }
        return told
      }
    }
  }
}
