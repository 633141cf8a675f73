import PeriodicCore
import PeriodicWire

/// A dump with a JSON object a line: the server sends jobs in its own order over HTTP, here they
/// are sorted. An answer to DUMP is one frame, which cannot hold millions of jobs (PROTOCOL 2.10).
struct LineDump {
  private let connection: ServerAddress
  private let memory: Int
  private let temporary: String

  /// - Parameters:
  ///   - memory: bytes to sort in.
  ///   - temporary: the directory for what does not fit there.
  init(_ connection: ServerAddress, memory: Int, temporary: String) {
    self.connection = connection
    self.memory = memory
    self.temporary = temporary
  }

  /// Writes the file; answers how many jobs it has.
  func run(to path: String) throws -> Int {
    // First, so that a place that cannot be written is known before anything is asked.
    let file = try PartFile(path)
    var progress = Progress("dump")
    defer { progress.clear() }
    let sorter = LineSorter(directory: temporary, limit: memory)
    var jobs = 0
    try receive { line in
      try sorter.add(line)
      jobs += 1
      progress.show("\(jobs) jobs received")
    }
    let all = jobs
    jobs = 0
    try sorter.finish { line in
      try file.append(line)
      try file.append(StaticString("\n").bytes)
      jobs += 1
      progress.show("\(jobs) of \(all) jobs written")
    }
    try file.finish()
    return jobs
  }

  private func receive(_ take: (Bytes) throws -> Void) throws {
    let address = try parseAddress(connection.address())
    let stream = try HTTPStream(
      "dump", address, path: "/periodic/dump", credentials: connection.credentials())
    guard let stream, stream.status != 404, stream.status != 200 || stream.hasLines else {
      return try receiveFrame(take)
    }
    let lines = LineFeed()
    guard stream.status == 200 else {
      let text = String(decoding: try stream.shortBody(), as: UTF8.self)
      throw Failure("dump: the server refused (\(stream.status) \(text))")
    }
    try stream.forEachPiece { try lines.take($0, take) }
    try lines.finish(take)
  }

  /// From a server without the route: everything in one frame.
  private func receiveFrame(_ take: (Bytes) throws -> Void) throws {
    let list = try Remote(connection).dump()
    let content: [UInt8]
    do {
      content = try list.withUnsafeBytes { try JobFile.encode($0, as: .lines) }
    } catch let problem as JobFile.Problem {
      throw Failure("dump: \(problem.text)")
    }
    let lines = LineFeed()
    try content.withUnsafeBytes { try lines.take($0, take) }
  }
}
