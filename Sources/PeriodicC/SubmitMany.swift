import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// Submits that are one request: as many as fit are under way, and each has its code.
final class SubmitMany {
  private let request: RequestHandle
  private let client: Client
  /// When the last of them is given up; `nil` is never.
  private let deadline: Int64?
  private var codes: [Int32]
  private var ids: [RequestID?]
  private var open = 0
  /// What did not fit, copied; the one to go next is the last.
  private var waiting: [(index: Int, job: Job)] = []
  /// The first of the jobs that failed, and how.
  private var failure: (index: Int, end: RequestHandle.End)?

  init(_ request: RequestHandle, _ client: Client, count: Int, timeout: Int64) {
    self.request = request
    self.client = client
    deadline = timeout == .max ? nil : client.loop.now.monotonic.addingSaturated(timeout)
    codes = Array(repeating: 0, count: count)
    ids = Array(repeating: nil, count: count)
  }

  func begin(_ jobs: UnsafePointer<periodic_job_fields>?) {
    for index in codes.indices {
      do {
        let job = try fields(jobs.map { $0 + index })
        let isUnderWay =
          try waiting.isEmpty
          && submit(index) { try client.submit(job, $0, timeout: $1) }
        if !isUnderWay { waiting.append((index, Job(job))) }
      } catch {
        fail(index, error)
      }
    }
    waiting.reverse()
    finishIfOver()
  }

  func withdraw() {
    forgetWaiting()
    for case .some(let id) in ids { _ = client.cancel(id) }
  }

  private func forgetWaiting() {
    let end = request.end(of: .cancelled)
    for index in waiting.map(\.index) { note(index, end) }
    waiting = []
  }

  /// Whether there was room for it; while others are under way, they make some as they end.
  private func submit(
    _ index: Int, _ make: (Delivery, Int64) throws -> RequestID
  ) throws -> Bool {
    let left = deadline.map { max(0, $0 - client.loop.now.monotonic) }
    do {
      ids[index] = try make(.call { self.ended(index, $0) }, left ?? .max)
      open += 1
      return true
    } catch RequestError.full where open > 0 {
      return false
    }
  }

  private func ended(_ index: Int, _ outcome: Outcome) {
    open -= 1
    ids[index] = nil
    note(index, request.end(of: outcome))
    if request.asked.isFreed { forgetWaiting() }
    while let next = waiting.last {
      do {
        let isUnderWay = try submit(next.index) {
          try client.submit(next.job, $0, timeout: $1)
        }
        if !isUnderWay { break }
      } catch {
        fail(next.index, error)
      }
      waiting.removeLast()
    }
    finishIfOver()
  }

  private func finishIfOver() {
    guard open == 0, waiting.isEmpty else { return }
    request.codes = LentBytes(codes)
    request.finish(failure?.end ?? .init(code: 0))
  }

  private func fail(_ index: Int, _ error: any Error) {
    let failure = PeriodicFailure(error)
    note(index, .init(code: failure.code.rawValue, text: failure.text))
  }

  private func note(_ index: Int, _ end: RequestHandle.End) {
    codes[index] = end.code
    if end.code != 0, index < failure?.index ?? .max { failure = (index, end) }
  }
}

extension Job {
  /// A copy of what the program lends.
  fileprivate init(_ job: JobFields) {
    self.init(
      function: Array(job.key.function), name: Array(job.key.name), workload: Array(job.workload),
      scheduledAt: job.scheduledAt, timeout: job.timeout)
  }
}
