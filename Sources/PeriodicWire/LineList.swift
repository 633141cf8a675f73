public import PeriodicCore

/// A job list of generation 2 that is made of lines of JSON, for a LOAD of its own.
public final class LineList {
  private var builder = JobListBuilder()
  public private(set) var jobs = 0

  public init() {}

  public var isEmpty: Bool { jobs == 0 }
  public var byteCount: Int { builder.count }

  /// Takes a line without its end. A line of white space is none.
  ///
  /// Throws for a line that is no job; the list is as it was.
  public func append(_ line: Bytes) throws(JobFile.Problem) {
    if line.allSatisfy({ $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }) { return }
    let job = try LineJob(line)
    job.withFields { builder.append($0) }
    jobs += 1
  }

  /// What has been put together; then the list is empty.
  public func take() -> [UInt8] {
    let list = builder.finish()
    builder = JobListBuilder()
    jobs = 0
    return list
  }
}
