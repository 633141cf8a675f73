import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Generation 2 vectors` {
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
      // A version that no writer uses is read as 0, and so written as 0.
      if (vector.decoded["job"]?["version"]?.number ?? 0) <= 3 { #expect(again == frame) }
    }
  }

  @Test(arguments: Vector.select(2, "c2s", "packet", valid: false))
  func `that are broken end the session, or wait`(_ vector: Vector) {
    let expected =
      switch vector.expect?.error {
      case "bad-crc": "violation badChecksum"
      case "bad-magic": "violation badMagic"
      case "truncated": "more"
      case "short-body": "violation shortBody"
      case "trailing-bytes": "violation trailingBytes"
      case "too-large": "violation tooLong(4294967295)"
      case "unknown-command": "4294967040: undefined(35)"
      default: "?"
      }
    vector.bytes.withUnsafeBytes { bytes in
      var decoder = Generation2Decoder(limit: 1 << 20)
      #expect(words(decoder.next(bytes)) == expected)
    }
  }

  /// The command in words, made from the fixture; `command` only says which words to expect.
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
    return names[name] ?? "serverOnly(\(number))"
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
    return hex(list)
  }
}

/// A job of the fixture in words.
func words(of job: JSON) throws -> String {
  func text(_ key: String) throws -> String { hex(try #require(job[key]?.bytes)) }
  func number(_ key: String) throws -> Int { try #require(job[key]?.number) }
  return try "\(text("func"))/\(text("name")) \(text("workload")) \(number("sched_at"))"
    + " \(max(0, number("timeout"))) \(number("count"))"
}
