public import PeriodicCore
import PeriodicEngine
import PeriodicStore

/// Goes through a server's jobs, one at a time. Not a snapshot, as DUMP is none: what comes, goes
/// or is replaced meanwhile is shown or not; a job that stays is shown once.
///
/// Belongs to the thread of its core, which it does not outlive.
public final class JobListing {
  // The core keeps it while it reads.
  private unowned let core: ServerCore
  private let function: [UInt8]?
  private var position: JobPosition? = .start
  private var ticket: ReadTicket?
  /// The job that `next` came to, completed by what the store answers.
  public private(set) var present: JobInfo?
  /// Whether the store has been asked for the rest of the present job, and has not answered.
  public private(set) var isReading = false

  init(_ core: ServerCore, _ function: [UInt8]?) {
    self.core = core
    self.function = function
  }

  /// Goes on to the next job; `nil` at the end.
  public func next() -> JobInfo? {
    isReading = false
    ticket = nil
    present = nil
    guard let from = position else { return nil }
    if let function {
      function.withUnsafeBytes { position = find(from, $0) }
    } else {
      position = find(from, nil)
    }
    return present
  }

  private func find(_ from: JobPosition, _ function: Bytes?) -> JobPosition? {
    core.engine.firstJob(from: from, of: function) { job in
      if job.workload == nil { ticket = job.ticket }
      present = JobInfo(
        function: Array(job.key.function), name: Array(job.key.name), standing: job.standing,
        due: job.due, workloadLength: job.workloadLength, count: job.count,
        timeout: job.timeout, workload: job.workload.map { Array($0) })
    }
  }

  /// Asks the store for what of the present job is not in memory. The shell ends its turn then, and
  /// looks at `isReading` and `present` after later ones.
  public func readRest() {
    guard let ticket, !isReading else { return }
    isReading = true
    core.wantedReads.append(StoreRead([(ticket, false)], for: nil, listing: self))
  }

  /// The store's answer; `nil` when it has no such job any more.
  func took(_ stored: StoredJob?, _ id: JobID) {
    guard isReading, ticket?.id == id else { return }
    isReading = false
    ticket = nil
    guard let stored else { return }
    present?.count = stored.job.count
    present?.timeout = stored.job.timeout
    present?.workload = Array(stored.job.workload)
    present?.workloadLength = stored.job.workload.count
  }
}

extension ServerCore {
  /// Lists the jobs of one function, or of all.
  public func list(function: [UInt8]? = nil) -> JobListing { JobListing(self, function) }
}
