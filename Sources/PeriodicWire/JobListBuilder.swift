import PeriodicCore

/// A job list of generation 2 in the making.
final class JobListBuilder {
  private var buffer = ByteBuffer()
  private var jobs: UInt64 = 0

  init() { buffer.append(uint64: 0) }

  var isEmpty: Bool { jobs == 0 }
  var count: Int { buffer.count }

  func append(_ job: JobFields) {
    jobs += 1
    Generation2.append(job, Generation2.version(of: job), &buffer)
  }

  func finish() -> [UInt8] {
    var count = ByteBuffer()
    count.append(uint64: jobs)
    buffer.put(count.bytes, at: 0)
    return Array(buffer.bytes)
  }

  /// The most bytes that a job takes.
  static func size(of job: JobFields) -> Int {
    Generation2JobList.shortestJob + job.key.function.count + job.key.name.count
      + job.workload.count + 8
  }
}
