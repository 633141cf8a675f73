public import PeriodicClient
public import PeriodicCore
import PeriodicLoop
import PeriodicServer

/// Jobs on their way to a server on another loop of this process, and which of them it refused.
final class JobBatch: StreamQuestion, @unchecked Sendable {
  private struct Entry: BitwiseCopyable {
    /// Its place among all that shall be submitted.
    var index: Int
    var workload: Int
    var scheduledAt: Int64
    var timeout: Int32
    var function: UInt8
    var name: UInt8
  }

  /// Jobs, and bytes of them, in one batch: more go in several, so that no turn is long.
  static let mostJobs = 1024
  static let mostBytes = 1 << 20

  private var entries: [Entry] = []
  /// Function, name and workload of each.
  private var bytes = ByteBuffer()
  private(set) var refused: [Int] = []

  var isFull: Bool { entries.count >= JobBatch.mostJobs || bytes.count >= JobBatch.mostBytes }
  var count: Int { entries.count }
  var indices: some Sequence<Int> { entries.lazy.map(\.index) }

  /// Copies a job whose names are not too long.
  func append(_ job: JobFields, index: Int) {
    entries.append(
      Entry(
        index: index, workload: job.workload.count, scheduledAt: job.scheduledAt,
        timeout: job.timeout, function: UInt8(job.key.function.count),
        name: UInt8(job.key.name.count)))
    bytes.append(job.key.function)
    bytes.append(job.key.name)
    bytes.append(job.workload)
  }

  /// Empties it for other jobs, and keeps some of its memory.
  func reset() {
    entries.removeAll(keepingCapacity: true)
    refused.removeAll(keepingCapacity: true)
    bytes.reset(keeping: 64 << 10)
  }

  /// Has all of them submitted, on the server's loop.
  func submit(to core: ServerCore, at now: Now) {
    var rest = bytes.bytes
    func next(_ count: Int) -> Bytes {
      let part = Bytes(rebasing: rest[..<count])
      rest = Bytes(rebasing: rest[count...])
      return part
    }
    let jobs = entries.map { entry in
      let key = JobKey(function: next(Int(entry.function)), name: next(Int(entry.name)))
      return JobFields(
        key: key, workload: next(entry.workload), scheduledAt: entry.scheduledAt,
        timeout: entry.timeout)
    }
    jobs.withUnsafeBufferPointer {
      core.submitDirectly($0, at: now) { index, _ in refused.append(entries[index].index) }
    }
  }
}

extension Client {
  /// Submits jobs to a server on another loop of this process in as few messages as may be, and
  /// runs the loop until they are answered.
  ///
  /// - Parameter job: makes the next job; what it throws, and what is wrong with a job, is told as
  ///   that job's failure.
  /// - Parameter failed: called for each of the jobs that is not submitted, in no order that can be
  ///   relied on.
  /// - Returns: how many of the jobs, from the first, were dealt with so; messages have to be sent
  ///   for the others.
  public func submitTogether(
    _ count: Int, timeout: Int64, _ job: (Int) throws -> JobFields,
    failed: (Int, Result<Outcome, any Error>) -> Void
  ) -> Int {
    let deadline = loop.now.monotonic.addingSaturated(timeout)
    var next = 0
    while next < count, runner.mayAskTogether {
      let first = next
      let batch = spareBatch ?? JobBatch()
      // Only a batch that came back is used again: a server may still have the others.
      spareBatch = nil
      var failures: [(Int, any Error)] = []
      while next < count, !batch.isFull {
        do {
          let fields = try job(next)
          try runner.core.check(fields)
          batch.append(fields, index: next)
        } catch {
          failures.append((next, error))
        }
        next += 1
      }
      // What the time does not reach is not even asked for.
      let isOver = first > 0 && loop.now.monotonic >= deadline
      let end = isOver ? .timedOut : runner.ask(batch, until: deadline)
      if end == .notTaken { return first }
      for (index, error) in failures { failed(index, .failure(error)) }
      switch end {
      case .taken:
        for index in batch.refused { failed(index, .success(.refused)) }
        batch.reset()
        spareBatch = batch
      case .lost: for index in batch.indices { failed(index, .success(.disconnected)) }
      case .timedOut: for index in batch.indices { failed(index, .success(.timedOut)) }
      case .notTaken: break
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
      loop.endWait()
    }
    if !isAsked {
      refusesQuestions = true
      return .notTaken
    }
    let timer = deadline == .max ? nil : LoopTimer(loop) { [loop] in loop.endWait() }
    timer?.arm(at: deadline)
    while end == nil, loop.now.monotonic < deadline { loop.wait() }
    timer?.disarm()
    if end == .notTaken { refusesQuestions = true }
    return end ?? .timedOut
  }
}
