public import PeriodicCore

/// A place in the data of generation 1's LOAD, `{"jobs":[...]}`, moved on job by job so that a long
/// list can be worked through over several turns (PROTOCOL 2.10).
///
/// Keeps no bytes of the list: each call is given the whole again, which may have moved meanwhile.
public final class Generation1JobList {
  private enum Phase {
    case start, firstKey, members, firstJob, jobs, finished
  }

  private var phase = Phase.start
  private var offset = 0
  private var json = JobJSON()

  public init() {}

  /// The next job of `list`, which is what `Command.load` carries.
  public func next(in list: Bytes) -> JobListItem {
    while true {
      offset = JSONShape.skipSpace(list, from: offset)
      switch phase {
      case .start:
        guard take("{", list) else { return .violation(.badJSON) }
        phase = .firstKey
      case .firstKey, .members:
        if take("}", list) {
          phase = .finished
          continue
        }
        guard phase == .firstKey || take(",", list), member(list) else {
          return .violation(.badJSON)
        }
      case .firstJob, .jobs:
        if take("]", list) {
          phase = .members
          continue
        }
        guard phase == .firstJob || take(",", list) else { return .violation(.badJSON) }
        return job(list)
      case .finished: return offset == list.count ? .end : .violation(.badJSON)
      }
    }
  }

  /// One key, and its value unless that is the list of jobs, which is gone into.
  private func member(_ list: Bytes) -> Bool {
    offset = JSONShape.skipSpace(list, from: offset)
    guard let key = value(list), key.first == UInt8(ascii: "\"") else { return false }
    offset = JSONShape.skipSpace(list, from: offset)
    guard take(":", list) else { return false }
    offset = JSONShape.skipSpace(list, from: offset)
    if key.equalsIgnoringCase("\"jobs\""), take("[", list) {
      phase = .firstJob
      return true
    }
    phase = .members
    guard let other = value(list) else { return false }
    return !key.equalsIgnoringCase("\"jobs\"") || other.equals(StaticString("null").bytes)
  }

  private func job(_ list: Bytes) -> JobListItem {
    phase = .jobs
    offset = JSONShape.skipSpace(list, from: offset)
    guard let end = JSONShape.end(of: list, from: offset), end > offset else {
      return .violation(.badJSON)
    }
    let text = Bytes(rebasing: list[offset..<end])
    offset = end
    switch json.parse(text) {
    case .job(let job): return .job(job)
    case .refused(.malformed): return .violation(.badJSON)
    case .refused(let refusal): return .skipped(refusal)
    }
  }

  /// Takes one value off, which must be good JSON.
  private func value(_ list: Bytes) -> Bytes? {
    guard let end = JSONShape.end(of: list, from: offset), end > offset else { return nil }
    let text = Bytes(rebasing: list[offset..<end])
    guard ParsedJSON(text) != nil else { return nil }
    offset = end
    return text
  }

  private func take(_ sign: Unicode.Scalar, _ list: Bytes) -> Bool {
    guard offset < list.count, list[offset] == UInt8(ascii: sign) else { return false }
    offset += 1
    return true
  }
}
