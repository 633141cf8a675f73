import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Generation 1 vectors` {
  @Test(arguments: Vector.select(1, "c2s", "packet"))
  func `are read as what they say`(_ vector: Vector) throws {
    let frame = vector.bytes
    let meaning = try expected(vector.decoded)
    frame.withUnsafeBytes { bytes in
      let decoder = Generation1Decoder(limit: 1 << 20)
      guard case .request(let id, let command, frame.count) = decoder.next(bytes) else {
        Issue.record("not a request of \(frame.count) bytes")
        return
      }
      if case .load(let list) = command {
        #expect(loaded(list) == meaning)
      } else {
        #expect(words(command) == meaning)
      }
      #expect(decoder.bytes(of: id) == vector.decoded["msgid"]?.bytes)
    }
  }

  @Test(arguments: Vector.select(1, "c2s", "packet", valid: false))
  func `that are broken end the session, or are answered`(_ vector: Vector) {
    let expected =
      switch vector.expect?.error {
      case "no-separator": "violation noSeparator"
      case "truncated": "more"
      case "bad-json": "100: refused the job is not a JSON object"
      case "empty-name": "100: refused job name is empty"
      default: "?"
      }
    vector.bytes.withUnsafeBytes { bytes in
      let decoder = Generation1Decoder(limit: 1 << 20)
      let found = words(decoder.next(bytes)) { text(decoder.bytes(of: $0)) }
      #expect(found == expected)
    }
  }

  @Test(arguments: Vector.select(1, "s2c", "packet").filter { $0.decoded["number"]?.number != 6 })
  func `towards the client are written as they are`(_ vector: Vector) throws {
    let reply: Reply =
      switch vector.decoded["number"]?.number {
      case 0: .noop
      case 5: .assign(try assignment(#require(vector.decoded["json"])))
      case 10: .pong
      case 16: .success
      default: .refused(.unknownCommand)
      }
    let id = try #require(vector.decoded["msgid"]?.bytes)
    #expect(answer(to: id, reply) == vector.bytes)
  }

  @Test(arguments: Vector.select(1, "s2c", "text-reply").filter { $0.decoded["rows"] != nil })
  func `of STATUS are written as they are`(_ vector: Vector) throws {
    let id = try #require(vector.decoded["msgid"]?.bytes)
    var writer = StatusWriter(.generation1(id))
    for row in try #require(vector.decoded["rows"]?.list) { writer.append(try statusRow(row)) }
    #expect(written { writer.finish(into: &$0) } == vector.bytes)
  }

  /// The command in words, made from the fixture.
  private func expected(_ fields: JSON) throws -> String {
    func function() throws -> String { hex(try #require(fields["func"]?.bytes)) }
    func handle() throws -> String { "#\(text(try #require(fields["handle"]?.bytes)))" }
    switch try #require(fields["number"]?.number) {
    case 1: return "grab(confirms: false)"
    case 2: return try "later \(handle()) \(#require(fields["delay"]?.number)) 0"
    case 3: return try "done \(handle()) \(hex(fields["data"]?.bytes ?? []))"
    case 4: return try "fail \(handle())"
    case 7: return try "can \(function())"
    case 8: return try "cannot \(function())"
    case 9: return "ping"
    case 11: return "sleep"
    case 13: return try "submit \(words(ofJSON: #require(fields["json"])))"
    case 14: return "status"
    case 15: return try "drop \(function())"
    case 17: return try "remove \(key(#require(fields["json"])))"
    case 18: return "dump"
    case 19:
      let jobs = try #require(fields["json"]?["jobs"]?.list)
      return jobs.map { words(ofJSON: $0) }.joined(separator: ", ")
    case let other: return "undefined(\(other))"
    }
  }
}

/// The jobs of a LOAD in words.
func loaded(_ list: Bytes) -> String {
  let place = Generation1JobList()
  var jobs: [String] = []
  while true {
    switch place.next(in: list) {
    case .job(let job): jobs.append(words(job))
    case .skipped(let refusal): jobs.append("skipped \(refusal.text)")
    case .end: return jobs.joined(separator: ", ")
    case .violation(let violation): return (jobs + ["\(violation)"]).joined(separator: ", ")
    }
  }
}

func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

private func key(_ job: JSON) -> String {
  "\(hex(job["func"]?.bytes ?? []))/\(hex(job["name"]?.bytes ?? []))"
}

private func words(ofJSON job: JSON) -> String {
  "\(key(job)) \(hex(job["workload"]?.bytes ?? [])) \(job["sched_at"]?.number ?? 0)"
    + " \(job["timeout"]?.number ?? 0) 0"
}

func statusRow(_ row: JSON) throws -> StatusRow {
  StatusRow(
    function: lasting(try #require(row["func"]?.text)),
    workers: try #require(row["workers"]?.number), jobs: try #require(row["jobs"]?.number),
    running: try #require(row["processing"]?.number), locked: row["locked"]?.number ?? 0,
    scheduledAt: Int64(row["sched_at"]?.number ?? 0))
}

private func assignment(_ json: JSON) throws -> Assignment {
  var fields = job(
    try #require(json["func"]?.text), try #require(json["name"]?.text),
    try #require(json["workload"]?.text))
  fields.timeout = Int32(try #require(json["timeout"]?.number))
  fields.scheduledAt = Int64(try #require(json["sched_at"]?.number))
  let id = JobID(UInt64(try #require(json["job_id"]?.number)))
  return Assignment(id: id, job: fields, previousRunAt: 0, fence: 1)
}

/// The frame that answers a request under `id`.
func answer(to id: [UInt8], _ reply: Reply, after command: UInt8 = 9) -> [UInt8] {
  let decoder = Generation1Decoder(limit: 1 << 20)
  let message: MessageID? = request1(id, command).withUnsafeBytes { bytes in
    guard case .request(let message, _, _) = decoder.next(bytes) else { return nil }
    return message
  }
  return written { decoder.encode(reply, message ?? .none, into: &$0) }
}

/// A generation 1 frame to the server.
func request1(_ id: [UInt8], _ command: UInt8, _ data: [UInt8]? = nil) -> [UInt8] {
  frame1(id + [0, 1, command] + (data.map { [0, 1] + $0 } ?? []))
}

func frame1(_ payload: [UInt8]) -> [UInt8] {
  written { buffer in
    buffer.append(uint32: 0x0052_4551)
    buffer.append(uint32: UInt32(payload.count))
    payload.withUnsafeBytes { buffer.append($0) }
  }
}
