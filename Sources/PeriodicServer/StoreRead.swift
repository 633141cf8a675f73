public import PeriodicCore
import PeriodicEngine

/// Jobs that the store shall show as it has them: asked for with `ServerAction.read`, answered with
/// `ServerCore.wasRead`.
public final class StoreRead {
  /// What is to be read, in ascending order.
  public let ids: [JobID]
  let tickets: [ReadTicket]
  /// Whether each is running, for a DUMP.
  let running: [Bool]
  /// Whose DUMP it is for; `nil` for jobs that will be handed out.
  let session: Session?
  /// The listing it is for, if it is for one.
  let listing: JobListing?

  init(
    _ items: [(ticket: ReadTicket, isRunning: Bool)], for session: Session?,
    listing: JobListing? = nil
  ) {
    self.listing = listing
    let sorted = items.sorted { $0.ticket.id.number < $1.ticket.id.number }
    tickets = sorted.map(\.ticket)
    running = sorted.map(\.isRunning)
    ids = tickets.map(\.id)
    self.session = session
  }
}
