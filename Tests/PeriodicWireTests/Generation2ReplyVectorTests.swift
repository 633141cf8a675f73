import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Vectors of generation 2 replies` {
  @Test(arguments: Vector.select(2, "s2c", "packet"))
  func `are read as what they say, and written as they are`(_ vector: Vector) throws {
    let frame = vector.bytes
    var decoder = greeted()
    try frame.withUnsafeBytes { bytes in
      guard case .message(let message, frame.count) = decoder.next(bytes) else {
        Issue.record("not a message of \(frame.count) bytes")
        return
      }
      let meaning = try expected(vector.decoded)
      #expect(words(message) == meaning)
      guard let (reply, id) = reply(message) else { return }
      let again = written { Generation2.encode(reply, id, into: &$0) }
      #expect((again == frame) == isCanonical(vector.decoded["job"]))
      if let job = vector.decoded["job"] {
        #expect(try versionByte(of: vector, job) == job["version"]?.number)
      }
    }
  }

  @Test(arguments: Vector.select(2, "s2c", "packet").filter { $0.decoded["rows"] != nil })
  func `of STATUS are written as they are`(_ vector: Vector) throws {
    let rows = try #require(vector.decoded["rows"]?.list).map { try statusRow($0) }
    var writer = StatusWriter(.generation2(MessageID(7)))
    for row in rows { writer.append(row) }
    #expect(written { writer.finish(into: &$0) }[12...].dropFirst(4) == vector.bytes[16...])
  }

  @Test(arguments: Vector.select(2, "s2c", "packet").filter { $0.decoded["jobs"] != nil })
  func `of DUMP are written as they are, and read as jobs`(_ vector: Vector) throws {
    let jobs = try #require(vector.decoded["jobs"]?.list)
    #expect((try dump2(jobs)[16...] == vector.bytes[16...]) == jobs.allSatisfy { isSmallest($0) })
    try vector.bytes[17...].withUnsafeBytes { list in
      var place = Generation2JobList()
      for job in jobs {
        guard case .job(let fields) = place.next(in: list) else { throw Unknown() }
        let meaning = try PeriodicWireTests.words(of: job)
        #expect(PeriodicWireTests.words(fields) == meaning)
      }
      guard case .end = place.next(in: list) else { throw Unknown() }
    }
  }

  /// A server always tells the time limit: versions 2 and 3 are all it writes (PROTOCOL 2.3).
  private func isCanonical(_ job: JSON?) -> Bool {
    guard let job else { return true }
    return job["version"]?.number == (job["count"]?.number == 0 ? 2 : 3)
      && job["timeout"]?.number ?? 0 >= 0
  }

  private func greeted() -> Generation2ReplyDecoder {
    var decoder = Generation2ReplyDecoder(limit: 1 << 20)
    written { Generation2.encodeConnectionID(1, into: &$0) }.withUnsafeBytes {
      _ = decoder.next($0)
    }
    return decoder
  }

  private func reply(_ message: ServerMessage) -> (Reply, MessageID)? {
    switch message {
    case .success(let id): (.success, id)
    case .pong(let id): (.pong, id)
    case .noop(let id): (.noop, id)
    case .unknown(let id): (.refused(.unknownCommand), id)
    case .noWorker(let id): (.noWorker, id)
    case .data(let id, let bytes): (.data(bytes), id)
    case .setting(let id, let value): (.setting(value), id)
    case .acquired(let id, let held): (.acquired(held), id)
    case .assign(let id, let job):
      (.assign(Assignment(id: JobID(1), job: job, previousRunAt: 0, fence: 1)), id)
    case .connectionID, .noJob, .other: nil
    }
  }

  private func words(_ message: ServerMessage) -> String {
    switch message {
    case .success(let id): "\(id.number) SUCCESS"
    case .pong(let id): "\(id.number) PONG"
    case .noop(let id): "\(id.number) NOOP"
    case .unknown(let id): "\(id.number) UNKNOWN"
    case .noWorker(let id): "\(id.number) NO_WORKER"
    case .noJob(let id): "\(id.number) NO_JOB"
    case .data(let id, let bytes): "\(id.number) DATA \(hex(bytes))"
    case .setting(let id, let value): "\(id.number) CONFIG \(value)"
    case .acquired(let id, let held): "\(id.number) ACQUIRED \(held ? 1 : 0)"
    case .assign(let id, let job): "\(id.number) JOB_ASSIGN \(PeriodicWireTests.words(job))"
    case .connectionID(let id): "connection \(id)"
    case .other(let id, let number): "\(id.number) other \(number)"
    }
  }

  private func expected(_ fields: JSON) throws -> String {
    let id = try #require(fields["msgid"]?.text.flatMap { UInt64($0, radix: 16) })
    let name = try #require(fields["command"]?.text)
    if let data = fields["data"]?.bytes { return "\(id) \(name) \(hex(data))" }
    if let job = fields["job"] {
      return try "\(id) \(name) \(PeriodicWireTests.words(of: job))"
    }
    let value = fields["value"]?.number ?? fields["acquired"]?.number
    return "\(id) \(name)" + (value.map { " \($0)" } ?? "")
  }
}
