public import PeriodicClient
public import PeriodicCore
import PeriodicLoop
import PeriodicServer

/// Goes through the jobs of a server in this process.
///
///     let cursor = server.jobs()
///     while let job = cursor.next() { print(job.name, job.due) }
///
/// Not a snapshot: a job that stays is shown once, what comes and goes meanwhile may be. Belongs to
/// the loop's thread, and does not outlive the server.
public final class JobCursor {
  private unowned let runner: ServerRunner
  private let listing: JobListing

  init(_ runner: ServerRunner, _ function: [UInt8]?) {
    self.runner = runner
    listing = runner.core.list(function: function)
  }

  /// The next job as it is in memory; `nil` at the end. Without a store file all of it is.
  public func next() -> JobInfo? {
    runner.loop.preconditionOnLoop()
    return listing.next()
  }

  /// Completes the job that `next` came to with what only the store has, running the loop until it
  /// is here. Inside a callback of the loop: throws `deadlock`.
  ///
  /// - Parameter timeout: milliseconds; the rest stays `nil` when they are over.
  public func complete(timeout: Int64 = .max) throws(RequestError) -> JobInfo? {
    guard let job = listing.present, job.workload == nil else { return listing.present }
    let loop = runner.loop
    if loop.isRunning { throw .deadlock }
    let deadline = loop.now.monotonic.addingSaturated(max(0, timeout))
    let timer = LoopTimer(loop) { loop.endWait() }
    if timeout != .max { timer.arm(at: deadline) }
    listing.readRest()
    runner.needsTurn = true
    let watch = Watch { [listing] in if !listing.isReading { loop.endWait() } }
    loop.add(watch)
    defer { loop.remove(watch) }
    while listing.isReading, runner.phase != .stopped, loop.now.monotonic < deadline {
      loop.wait()
    }
    return listing.present
  }

  /// Looks at the end of every turn.
  private final class Watch: TurnParticipant {
    let look: () -> Void
    init(_ look: @escaping () -> Void) { self.look = look }
    var needsTurn: Bool {
      look()
      return false
    }
    func endOfTurn(at now: Now) {}
  }
}
