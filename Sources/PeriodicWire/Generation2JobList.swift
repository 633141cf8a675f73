public import PeriodicCore

/// A place in the job list of LOAD or DUMP (PROTOCOL 1.2), moved on job by job so that a long list
/// can be worked through over several turns.
///
/// Keeps no bytes: each call is given the whole list again, which may have moved meanwhile.
public struct Generation2JobList {
  /// Two empty names, an empty workload, a time and a version.
  static let shortestJob = 15

  /// Where the next job begins.
  private var offset = 0
  /// Jobs not yet taken; `nil` before the count was read.
  private var left: UInt64?

  public init() {}

  /// The next job of `list`, which is what `Command.load` carries or DATA answers to DUMP.
  public mutating func next(in list: Bytes) -> JobListItem {
    var reader = ByteReader(Bytes(rebasing: list[offset...]))
    guard let count = left ?? reader.uint64() else { return .violation(.shortBody) }
    guard count > 0 else { return reader.isAtEnd ? .end : .violation(.trailingBytes) }
    guard let job = Generation2.job(&reader) else { return .violation(.shortBody) }
    left = count - 1
    offset = list.count - reader.remaining
    return .job(job)
  }
}
