public import PeriodicCore

/// Files of jobs: what DUMP brings to disk and LOAD takes from it, in three forms. In the middle is
/// always the job list of generation 2, as DUMP answers it and LOAD carries it (PROTOCOL 2.10).
public enum JobFile {
  public enum Form: String, CaseIterable, Sendable {
    /// The Go tool's: for each chunk a length in four bytes and JSON.
    case generation1 = "gen1"
    /// The Haskell tool's: the job list as it is.
    case generation2 = "gen2"
    /// A JSON object a line, sorted by function and name, for any bytes.
    case lines = "jsonl"
  }

  /// Why a file cannot be written or read.
  public struct Problem: Error, Equatable, Sendable {
    public let text: String
    init(_ text: String) { self.text = text }
  }

  /// Jobs in one chunk of generation 1, as the Go server has it.
  private static let jobsInChunk = 100

  /// The content of a file.
  ///
  /// Throws for a list that is none, and for bytes that generation 1's text cannot hold.
  public static func encode(_ list: Bytes, as form: Form) throws(Problem) -> [UInt8] {
    switch form {
    case .generation2: return Array(list)
    case .generation1: return try generation1(list)
    case .lines: return try lines(list)
    }
  }

  /// The job list of a file, whichever of the three forms it has.
  public static func decode(_ file: Bytes) throws(Problem) -> [UInt8] {
    guard let first = file.first else { return Array(repeating: 0, count: 8) }
    if first == UInt8(ascii: "{") { return try list(ofLines: file) }
    // A chunk of generation 1 has at least a byte, a list of generation 2 fewer than 2^32 jobs.
    if file.prefix(4).allSatisfy({ $0 == 0 }) {
      try forEach(file) { _ in }
      return Array(file)
    }
    return try list(ofGeneration1: file)
  }

  /// Lists of no more than `limit` bytes each that together are `list`; a job that is longer alone
  /// stands in a list of its own.
  public static func split(_ list: Bytes, limit: Int) throws(Problem) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    var builder = JobListBuilder()
    try forEach(list) { job in
      if !builder.isEmpty, builder.count + JobListBuilder.size(of: job) > limit {
        parts.append(builder.finish())
        builder = JobListBuilder()
      }
      builder.append(job)
    }
    if !builder.isEmpty || parts.isEmpty { parts.append(builder.finish()) }
    return parts
  }

  static func forEach(_ list: Bytes, _ body: (JobFields) -> Void) throws(Problem) {
    var place = Generation2JobList()
    var number = 0
    while true {
      number += 1
      switch place.next(in: list) {
      case .job(let job): body(job)
      case .end: return
      case .skipped(let refusal): throw Problem("job \(number): \(refusal.text)")
      case .violation(let violation): throw Problem("job \(number): \(violation.text)")
      }
    }
  }

  private static func generation1(_ list: Bytes) throws(Problem) -> [UInt8] {
    var file = ByteBuffer()
    var chunk = ByteBuffer()
    var jobs: UInt64 = 0
    var lossy: String?
    func endChunk() {
      if chunk.isEmpty { return }
      chunk.append("]}")
      file.append(uint32: UInt32(chunk.count))
      file.append(chunk.bytes)
      chunk.reset(keeping: 1 << 20)
    }
    try forEach(list) { job in
      let isText = job.key.function.isUTF8 && job.key.name.isUTF8 && job.workload.isUTF8
      if !isText, lossy == nil { lossy = "\(job.key.function.text) \(job.key.name.text)" }
      jobs += 1
      chunk.append(chunk.isEmpty ? "{\"jobs\":[" : ",")
      // The file's ids count its jobs; whoever loads it gives ids of its own.
      Generation1.append(
        Assignment(id: JobID(jobs), job: job, previousRunAt: 0, fence: 0), isRunning: false,
        &chunk)
      if jobs % UInt64(jobsInChunk) == 0 { endChunk() }
    }
    endChunk()
    if let lossy {
      throw Problem("the job \(lossy) has bytes that are no text, which this form cannot hold")
    }
    return Array(file.bytes)
  }

  private static func list(ofGeneration1 file: Bytes) throws(Problem) -> [UInt8] {
    var reader = ByteReader(file)
    let builder = JobListBuilder()
    while !reader.isAtEnd {
      guard let length = reader.uint32(), let chunk = reader.bytes(Int(length)),
        chunk.first == UInt8(ascii: "{")
      else { throw Problem("this is no file of jobs, or it has been cut short") }
      let place = Generation1JobList()
      chunk: while true {
        switch place.next(in: chunk) {
        case .job(let job): builder.append(job)
        // As the server does with a job that has no name (PROTOCOL 2.10).
        case .skipped: break
        case .end: break chunk
        case .violation(let violation): throw Problem(violation.text)
        }
      }
    }
    return builder.finish()
  }
}
