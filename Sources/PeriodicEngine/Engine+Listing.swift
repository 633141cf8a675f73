public import PeriodicCore

/// A place among the jobs, for going through them in slices. Good at any later time: nothing is
/// kept for it.
public struct JobPosition: Sendable {
  var slot: Slot

  public static let start = JobPosition(slot: 0)
}

/// A job as it is listed: as it is, or what to ask the store for it with.
public enum ListedJob {
  case here(Assignment)
  /// Only the store has it, or will have it when its batch is durable.
  case away(ReadTicket, JobKey)
}

extension Engine {
  /// Looks at up to `count` places and shows the jobs that are there, with whether each runs.
  ///
  /// Not a snapshot: what is added, replaced or removed between two calls may be shown or not; a
  /// job that stays is shown once. Jobs that no batch has made durable are left out, as are those
  /// of dropped functions.
  ///
  /// - Returns: where to go on; `nil` at the end.
  public func forEachJob(
    from position: JobPosition, atMost count: Int, _ body: (ListedJob, _ isRunning: Bool) -> Void
  ) -> JobPosition? {
    let end = min(Int(jobs.end), Int(position.slot) + count)
    for slot in Int(position.slot)..<max(end, Int(position.slot)) {
      let job = jobs[Slot(slot)]
      if job.pointee.state == .free || isUnborn(Slot(slot)) { continue }
      if functions[job.pointee.function].pointee.isDropped { continue }
      body(listed(Slot(slot)), job.pointee.state == .running)
    }
    return end < Int(jobs.end) ? JobPosition(slot: Slot(end)) : nil
  }

  private func listed(_ job: Slot) -> ListedJob {
    let record = jobs[job].pointee
    if record.residence != .whole { return .away(ticket(job), key(of: job)) }
    let previous = Int64(record.details.previousRunAt)
    return .here(Assignment(id: record.id, job: fields(job), previousRunAt: previous, fence: 0))
  }

  /// Whether no version of the job is durable yet.
  private func isUnborn(_ job: Slot) -> Bool {
    var version = newestStaged(job)
    while version != .none {
      if versions[version].pointee.isFirst {
        return versions[version].pointee.batch > committedBatch
      }
      version = versions[version].pointee.older
    }
    return false
  }
}
