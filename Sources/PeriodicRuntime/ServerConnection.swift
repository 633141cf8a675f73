import PeriodicCore
import PeriodicLoop
import PeriodicServer

/// One connection of a server: brings bytes from its stream to its session and back.
///
/// Has a session until the core closes it. Without one it only waits for the peer to close too, so
/// that the last reply is not lost to a reset (`ServerRunner.lingering`).
final class ServerConnection: StreamOwner {
  unowned let runner: ServerRunner
  let stream: Stream
  var session: Session?
  /// Place in the runner's list, until it is removed.
  var place: Int?
  /// Over, but for a reply that the peer does not read.
  var isStuck = false
  private(set) var hasWritten = false
  private(set) var hasEnded = false

  init(_ runner: ServerRunner, _ stream: Stream, _ session: Session, place: Int) {
    self.runner = runner
    self.stream = stream
    self.session = session
    self.place = place
    session.connection = self
    stream.owner = self
  }

  /// Gives the socket what it takes of the session's output.
  func flush() {
    guard let session else { return }
    while true {
      let part = session.nextWrite
      let count = part.count
      let sent = stream.write(part)
      if sent > 0 {
        hasWritten = true
        session.wrote(sent)
      }
      if sent < count || session.output.isEmpty { return }
    }
  }

  func stream(_ stream: Stream, received bytes: Bytes) {
    if let session { runner.received(bytes, on: session) }
  }

  func streamEnded(_ stream: Stream) {
    hasEnded = true
    if let session { runner.receivedEnd(on: session) } else { runner.remove(self) }
  }

  func streamHungUp(_ stream: Stream) {
    if let session { runner.changed { runner.core.hungUp(session, at: $0) } }
  }

  func streamCanWrite(_ stream: Stream) {
    guard let session else { return }
    flush()
    if session.output.isEmpty { runner.drained(session) }
  }

  func stream(_ stream: Stream, asked question: any StreamQuestion) -> Bool {
    guard let batch = question as? JobBatch, let session, runner.core.mayAskDirectly(session),
      runner.loop.budget.left >= batch.count
    else { return false }
    runner.changed {
      session.heardFrom(at: $0)
      batch.submit(to: runner.core, at: $0)
    }
    runner.loop.budget.draw(batch.count)
    return true
  }

  func stream(_ stream: Stream, failed error: LoopError) { runner.lost(self) }
}
