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
    let details = record.details
    return .here(
      Assignment(
        id: record.id, job: fields(job, details), previousRunAt: Int64(details.previousRunAt),
        fence: 0))
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

/// A job as an operator sees it. The bytes are borrowed for the call.
public struct JobView {
  public var id: JobID
  public var key: JobKey
  public var standing: JobInfo.Standing
  /// Its order key: when it is due, or was accepted if that was later; milliseconds since 1970.
  public var due: Int64
  public var workloadLength: Int
  /// `nil` where only the store has it.
  public var count: Int32?
  public var timeout: Int32?
  public var workload: Bytes?
  /// What to ask the store with.
  public var ticket: ReadTicket
}

extension Engine {
  /// Shows the first job at `position` or after it, as `forEachJob` would.
  ///
  /// - Returns: where to go on; `nil` when there was none.
  public func firstJob(
    from position: JobPosition, of function: Bytes?, _ body: (JobView) -> Void
  ) -> JobPosition? {
    for slot in Int(position.slot)..<max(Int(jobs.end), Int(position.slot)) {
      let job = jobs[Slot(slot)].pointee
      if job.state == .free || isUnborn(Slot(slot)) { continue }
      if functions[job.function].pointee.isDropped { continue }
      let key = key(of: Slot(slot))
      if let function, !function.equals(key.function) { continue }
      body(view(Slot(slot), job, key))
      return JobPosition(slot: Slot(slot + 1))
    }
    return nil
  }

  private func view(_ slot: Slot, _ job: JobRecord, _ key: JobKey) -> JobView {
    let standing: JobInfo.Standing
    switch job.state {
    case .running: standing = .running
    case .locked: standing = .locked
    case .free, .staged, .scheduled, .ready: standing = .waiting
    }
    let details = job.residence == .name ? nil : job.details
    return JobView(
      id: job.id, key: key, standing: standing, due: job.due,
      workloadLength: Int(job.workloadLength), count: details?.count, timeout: details?.timeout,
      workload: job.residence == .whole ? job.workload : nil, ticket: ticket(slot))
  }
}
