public import PeriodicClient
public import PeriodicCore
import PeriodicLoop
import PeriodicServer

/// Jobs on their way to a server on another loop of this process, and what becomes of them.
final class JobBatch: StreamQuestion, @unchecked Sendable {
  private struct Entry: BitwiseCopyable {
    var function: UInt8
    var name: UInt8
    var workload: Int
    var scheduledAt: Int64
    var timeout: Int32
    var wasTaken = true
  }

  /// Jobs, and bytes of them, in one batch: more go in several, so that no turn is long.
  static let mostJobs = 1024
  static let mostBytes = 1 << 20

  private var entries: [Entry] = []
  private var bytes = ByteBuffer()

  var isFull: Bool { entries.count >= JobBatch.mostJobs || bytes.count >= JobBatch.mostBytes }
  var count: Int { entries.count }

  /// Copies a job whose names are not too long.
  func append(_ job: JobFields) {
    entries.append(
      Entry(
        function: UInt8(job.key.function.count), name: UInt8(job.key.name.count),
        workload: job.workload.count, scheduledAt: job.scheduledAt, timeout: job.timeout))
    bytes.append(job.key.function)
    bytes.append(job.key.name)
    bytes.append(job.workload)
  }

  /// Has all of them submitted, on the server's loop.
  func submit(to core: ServerCore, at now: Now) {
    let all = bytes.bytes
    var place = 0
    func next(_ count: Int) -> Bytes {
      defer { place += count }
      return Bytes(rebasing: all[place..<place + count])
    }
    var index = -1
    core.submitDirectly(at: now) { job in
      index += 1
      if index == entries.count { return false }
      let entry = entries[index]
      let key = JobKey(function: next(Int(entry.function)), name: next(Int(entry.name)))
      job = JobFields(
        key: key, workload: next(entry.workload), scheduledAt: entry.scheduledAt,
        timeout: entry.timeout)
      return true
    } refused: { _ in
      entries[index].wasTaken = false
    }
  }

  /// Whether the server took a job, or refused it.
  func wasTaken(_ index: Int) -> Bool { entries[index].wasTaken }
}

extension Client {
  /// Submits jobs to a server on another loop of this process in as few messages as may be, and
  /// runs the loop until they are answered.
  ///
  /// - Parameter job: makes the next job; what it throws, and what is wrong with a job, is told as
  ///   that job's end.
  /// - Parameter ended: called once for each of the jobs, in no order that can be relied on.
  /// - Returns: how many of the jobs, from the first, were dealt with so; messages have to be sent
  ///   for the others.
  public func submitTogether(
    _ count: Int, timeout: Int64, _ job: (Int) throws -> JobFields,
    ended: (Int, Result<Outcome, any Error>) -> Void
  ) -> Int {
    let deadline = loop.now.monotonic.addingSaturated(timeout)
    var next = 0
    while next < count, runner.mayAskTogether {
      let first = next
      let batch = JobBatch()
      var places: [Int] = []
      var failures: [(Int, any Error)] = []
      while next < count, !batch.isFull {
        do {
          let fields = try job(next)
          try runner.core.check(fields)
          batch.append(fields)
          places.append(next)
        } catch {
          failures.append((next, error))
        }
        next += 1
      }
      // What the time does not reach is not even asked for.
      let isOver = first > 0 && loop.now.monotonic >= deadline
      let end = isOver ? .timedOut : runner.ask(batch, until: deadline)
      if end == .notTaken { return first }
      for (index, error) in failures { ended(index, .failure(error)) }
      for (index, place) in places.enumerated() {
        switch end {
        case .taken: ended(place, .success(batch.wasTaken(index) ? .success : .refused))
        case .lost: ended(place, .success(.disconnected))
        case .timedOut: ended(place, .success(.timedOut))
        case .notTaken: break
        }
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
      loop.stop()
    }
    if !isAsked {
      refusesQuestions = true
      return .notTaken
    }
    let timer = LoopTimer(loop) { [loop] in loop.stop() }
    if deadline != .max { timer.arm(at: deadline) }
    while end == nil, loop.now.monotonic < deadline { loop.run() }
    if end == .notTaken { refusesQuestions = true }
    return end ?? .timedOut
  }
}
