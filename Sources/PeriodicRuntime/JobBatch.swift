import PeriodicCore
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
    var wasTaken = false
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
    for index in entries.indices {
      let entry = entries[index]
      let key = JobKey(function: next(Int(entry.function)), name: next(Int(entry.name)))
      let job = JobFields(
        key: key, workload: next(entry.workload), scheduledAt: entry.scheduledAt,
        timeout: entry.timeout)
      if case .success = core.submitDirectly(job, at: now) { entries[index].wasTaken = true }
    }
  }

  /// Whether the server took a job, or refused it.
  func wasTaken(_ index: Int) -> Bool { entries[index].wasTaken }
}
