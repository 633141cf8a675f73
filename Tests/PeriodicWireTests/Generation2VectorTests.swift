import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Vectors of generation 2 requests` {
  @Test(arguments: Vector.select(2, "c2s", "packet"))
  func `are read as what they say, and written as they are`(_ vector: Vector) throws {
    let frame = vector.bytes
    try frame.withUnsafeBytes { bytes in
      var decoder = Generation2Decoder(limit: 1 << 20)
      guard case .request(let id, let command, frame.count) = decoder.next(bytes) else {
        Issue.record("not a request of \(frame.count) bytes")
        return
      }
      let number = UInt32(truncatingIfNeeded: id.number)
      #expect(vector.decoded["msgid"]?.text == hex(written { $0.append(uint32: number) }))
      let meaning = try expected(vector.decoded, of: command)
      #expect(words(command) == meaning)
      let again = written { Generation2.encode(command, message: number, into: &$0) }
      #expect((again == frame) == isCanonical(vector.decoded))
      if let job = vector.decoded["job"] {
        #expect(try versionByte(of: vector, job) == job["version"]?.number)
      }
      var second = Generation2Decoder(limit: 1 << 20)
      again.withUnsafeBytes { #expect(words(second.next($0)) == "\(id.number): \(meaning)") }
    }
  }

  @Test(arguments: Vector.select(2, "c2s", "packet", valid: false))
  func `that are broken end the session, or are answered, or wait`(_ vector: Vector) throws {
    let expected: String
    let frame = vector.bytes
    switch vector.expect?.error {
    case "bad-crc": expected = "violation badChecksum"
    case "bad-magic": expected = "violation badMagic"
    case "truncated": expected = "more"
    case "short-body": expected = "violation shortBody"
    case "trailing-bytes": expected = "violation trailingBytes"
    case "too-large": expected = "violation tooLong"
    case "unknown-command": expected = "undefined(\(frame[16]))"
    default: throw Unknown()
    }
    frame.withUnsafeBytes { bytes in
      var decoder = Generation2Decoder(limit: Limits().frameBytes)
      let decoded = decoder.next(bytes)
      #expect(words(decoded).split(separator: ": ", maxSplits: 1).last!.hasPrefix(expected))
      #expect(handling(decoded) == vector.expect?.handling.prefix(4))
      guard case .request(let id, _, frame.count) = decoded else { return }
      let reply = written { Generation2.encode(.refused(.unknownCommand), id, into: &$0) }
      #expect(Array(reply[12...]) == Array(frame[12..<16]) + [12])
    }
  }

  /// Whether the frame is as our own writer makes it: the smallest version of a job, and no value
  /// that is read as another (PROTOCOL 1.2, 2.6, 5).
  private func isCanonical(_ fields: JSON) -> Bool {
    if fields["max"]?.number == 0 { return false }
    return fields["job"].map { isSmallest($0) } ?? true
  }

  /// The command in words, made from the file; `command` only says which words to expect.
  private func expected(_ fields: JSON, of command: Command) throws -> String {
    func text(_ key: String) throws -> String { hex(try #require(fields[key]?.bytes)) }
    func key() throws -> String { try "\(text("func"))/\(text("name"))" }
    func number(_ key: String) throws -> Int { try #require(fields[key]?.number) }
    func job() throws -> String {
      let job = try #require(fields["job"])
      return try words(of: job)
    }
    let name = try #require(fields["command"]?.text)
    switch name {
    case "SUBMIT_JOB": return try "submit \(job())"
    case "RUN_JOB": return try "run \(job())"
    case "RECV_DATA": return try "receive \(job())"
    case "REMOVE_JOB": return try "remove \(key())"
    case "DROP_FUNC": return try "drop \(text("func"))"
    case "CAN_DO": return try "can \(text("func"))"
    case "CANT_DO": return try "cannot \(text("func"))"
    case "BROADCAST": return try "broadcast \(text("func"))"
    case "CONFIG_GET": return try "get \(text("key"))"
    case "CONFIG_SET": return try "set \(text("key")) \(number("value"))"
    case "WORK_DONE": return try "done \(key()) \(text("data"))"
    case "WORK_DATA": return try "data \(key()) \(text("data"))"
    case "WORK_FAIL": return try "fail \(key())"
    case "SCHED_LATER": return try "later \(key()) \(number("delay")) \(number("step"))"
    case "ACQUIRE": return try "acquire \(text("lock")) \(number("max")) \(key())"
    case "RELEASE": return try "release \(text("lock")) \(key())"
    case "LOAD":
      let jobs = try #require(fields["jobs"]?.list)
      return try "load " + loaded(jobs, command)
    case "GRAB_JOB":
      let id = try #require(fields["msgid"]?.text.flatMap { UInt64($0, radix: 16) })
      return "grab(confirms: \(!Generation2.isFourHexDigits(MessageID(id))))"
    default: return try plain(name, number("number"))
    }
  }

  private func plain(_ name: String, _ number: Int) -> String {
    let names = [
      "PING": "ping", "SLEEP": "sleep", "STATUS": "status", "DUMP": "dump",
      "SHUTDOWN": "shutdown", "JOB_ASSIGNED": "assigned", "JOB_UNASSIGNED": "unassigned",
    ]
    return names[name] ?? (number < 35 ? "serverOnly(\(number))" : "undefined(\(number))")
  }

  /// Takes the jobs of a list one by one, and answers the words of the whole command.
  private func loaded(_ jobs: [JSON], _ command: Command) throws -> String {
    guard case .load(let list) = command else { return "?" }
    var place = Generation2JobList()
    for job in jobs {
      guard case .job(let fields) = place.next(in: list) else { return "too few jobs" }
      let meaning = try words(of: job)
      #expect(words(fields) == meaning)
    }
    guard case .end = place.next(in: list) else { return "too many jobs" }
    #expect(
      (try dump2(jobs).dropFirst(17) == Array(list)[...]) == jobs.allSatisfy { isSmallest($0) })
    return hex(list)
  }
}

/// A job of the file in words.
func words(of job: JSON) throws -> String {
  func text(_ key: String) throws -> String { hex(try #require(job[key]?.bytes)) }
  func number(_ key: String) throws -> Int { try #require(job[key]?.number) }
  return try "\(text("func"))/\(text("name")) \(text("workload")) \(number("sched_at"))"
    + " \(max(0, number("timeout"))) \(number("count"))"
}

/// Whether the version of `job` is the smallest that holds the fields that are not zero.
func isSmallest(_ job: JSON) -> Bool {
  let timeout = job["timeout"]?.number ?? 0
  let smallest = (job["count"]?.number == 0 ? 0 : 1) | (timeout == 0 ? 0 : 2)
  return timeout >= 0 && job["version"]?.number == smallest
}

/// The byte of the frame that tells the version of its job, which begins after the command.
func versionByte(of vector: Vector, _ job: JSON) throws -> Int {
  let parts = try ["func", "name", "workload"].map { try #require(job[$0]?.bytes).count }
  return Int(vector.bytes[17 + 1 + parts[0] + 1 + parts[1] + 4 + parts[2] + 8])
}

/// The frame that answers a DUMP of `jobs` under the message id 7.
func dump2(_ jobs: [JSON]) throws -> [UInt8] {
  let writer = DumpWriter(.generation2(MessageID(7)), limit: 1 << 20)
  var buffer = ByteBuffer()
  for json in jobs {
    func text(_ key: String) throws -> [UInt8] { try #require(json[key]?.bytes) }
    func number(_ key: String) throws -> Int { try #require(json[key]?.number) }
    let (function, name, workload) = try (text("func"), text("name"), text("workload"))
    let (at, count, timeout) = try (number("sched_at"), number("count"), number("timeout"))
    function.withUnsafeBytes { function in
      name.withUnsafeBytes { name in
        workload.withUnsafeBytes { workload in
          let job = JobFields(
            key: JobKey(function: function, name: name), workload: workload,
            scheduledAt: Int64(at), timeout: Int32(timeout), count: Int32(count))
          let item = Assignment(id: JobID(1), job: job, previousRunAt: 0, fence: 1)
          writer.append(item, isRunning: true, into: &buffer)
        }
      }
    }
  }
  writer.finish(into: &buffer)
  return Array(buffer.bytes)
}
