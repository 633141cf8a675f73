public import PeriodicCore

/// A place among the jobs, for going through them in slices. Good at any later time: nothing is
/// kept for it.
public struct JobPosition: Sendable {
  var slot: Slot

  public static let start = JobPosition(slot: 0)
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
    from position: JobPosition, atMost count: Int,
    _ body: (_ job: Assignment, _ isRunning: Bool) -> Void
  ) -> JobPosition? {
    let end = min(Int(jobs.end), Int(position.slot) + count)
    for slot in Int(position.slot)..<max(end, Int(position.slot)) {
      let job = jobs[Slot(slot)]
      if job.pointee.state == .free || isUnborn(Slot(slot)) { continue }
      if functions[job.pointee.function].pointee.isDropped { continue }
      let shown = Assignment(
        id: job.pointee.id, job: fields(Slot(slot)),
        previousRunAt: Int64(job.pointee.previousRunAt), fence: 0)
      body(shown, job.pointee.state == .running)
    }
    return end < Int(jobs.end) ? JobPosition(slot: Slot(end)) : nil
  }

  /// Whether no version of the job is durable yet.
  private func isUnborn(_ job: Slot) -> Bool {
    var version = jobs[job].pointee.staged
    while version != .none {
      if versions[version].pointee.isFirst { return true }
      version = versions[version].pointee.older
    }
    return false
  }
}
