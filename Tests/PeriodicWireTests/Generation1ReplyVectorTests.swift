import Foundation
import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Vectors of generation 1 replies` {
  @Test(arguments: Vector.select(1, "s2c", "packet"))
  func `are read as what they say, and written as they are`(_ vector: Vector) throws {
    let (id, content) = try #require(answer(vector))
    #expect(id == vector.decoded["msgid"]?.bytes)
    let number = try #require(vector.decoded["number"]?.number)
    let meaning = try number == 5 ? assignmentWords(vector.decoded) : "\(number)"
    content.withUnsafeBytes { content in
      let decoder = Generation1ReplyDecoder(limit: 1 << 20)
      #expect(decoder.reply(content).map { said($0) } == meaning)
    }
    let reply: Reply
    switch number {
    case 0: reply = .noop
    case 5: reply = .assign(try assignment(vector, content))
    // No server looked at sends NO_JOB, and neither do we.
    case 6: return
    case 10: reply = .pong
    case 12: reply = .refused(.unknownCommand)
    case 16: reply = .success
    default: throw Unknown()
    }
    #expect(PeriodicWireTests.answer(to: id, reply) == vector.bytes)
  }

  @Test(arguments: Vector.select(1, "s2c", "text-reply"))
  func `without a command are read, and written as they are`(_ vector: Vector) throws {
    let (id, content) = try #require(answer(vector))
    #expect(id == vector.decoded["msgid"]?.bytes)
    if let text = vector.decoded["text"]?.bytes { #expect(content == text) }
    if let rows = vector.decoded["rows"]?.list {
      var writer = StatusWriter(.generation1(id))
      for row in rows { writer.append(try statusRow(row)) }
      #expect(written { writer.finish(into: &$0) } == vector.bytes)
    } else if let json = vector.decoded["json"] {
      #expect(json.members.keys.elementsEqual(["jobs"]))
      #expect(try JSONDecoder().decode(JSON.self, from: Data(content)) == json)
      let jobs = try #require(json["jobs"]?.list)
      #expect(try dump(id, jobs) == vector.bytes + dump(id, []))
      let listed = try jobs.map { try words(ofJSON: $0) }.joined(separator: ", ")
      content.withUnsafeBytes { #expect(loaded($0) == listed) }
    } else {
      #expect(vector.decoded["text"] == .object(["utf8": .text("EOF")]), "the end of a DUMP")
      #expect(try dump(id, []) == vector.bytes)
    }
  }

  @Test(arguments: Vector.select(1, "s2c", "bare-text"))
  func `without a message id are read as a text, and never written`(_ vector: Vector) {
    vector.bytes.withUnsafeBytes { bytes in
      let decoder = Generation1ReplyDecoder(limit: 1 << 20)
      guard case .bareText(let text, bytes.count) = decoder.next(bytes) else {
        Issue.record("no text")
        return
      }
      #expect(Array(text) == vector.decoded["text"]?.bytes)
    }
  }

  private func answer(_ vector: Vector) -> (id: [UInt8], content: [UInt8])? {
    vector.bytes.withUnsafeBytes { bytes in
      let decoder = Generation1ReplyDecoder(limit: 1 << 20)
      guard case .answer(let id, let content, bytes.count) = decoder.next(bytes) else {
        return nil
      }
      return (Array(id), Array(content))
    }
  }

  private func said(_ reply: Generation1Reply) -> String {
    switch reply {
    case .noop: "0"
    case .noJob: "6"
    case .pong: "10"
    case .unknown(let reason): reason.isEmpty ? "12" : "12 \(reason.text)"
    case .success: "16"
    case .assign(let id, let job): "\(id.number) \(words(job))"
    }
  }

  private func assignmentWords(_ fields: JSON) throws -> String {
    let job = try words(ofJSON: #require(fields["json"]))
    return try "\(text(#require(fields["handle"]?.bytes))) \(job)"
  }

  /// What the server hands out; the JSON in `content` must be what the file shows.
  private func assignment(_ vector: Vector, _ content: [UInt8]) throws -> Assignment {
    let json = try #require(vector.decoded["json"])
    let handle = try #require(vector.decoded["handle"]?.bytes)
    #expect(content.starts(with: [5, 0, 1] + handle + [0, 1]))
    let data = Data(content[(3 + handle.count + 2)...])
    #expect(try JSONDecoder().decode(JSON.self, from: data) == json)
    #expect(text(handle) == json["job_id"]?.number.map(String.init))
    return try listed(json)
  }

  private func dump(_ id: [UInt8], _ jobs: [JSON]) throws -> [UInt8] {
    let writer = DumpWriter(.generation1(id), limit: 1 << 20)
    var buffer = ByteBuffer()
    for job in jobs {
      let isRunning = job["status"]?.text == "processing"
      writer.append(try listed(job), isRunning: isRunning, into: &buffer)
    }
    writer.finish(into: &buffer)
    return Array(buffer.bytes)
  }

  private func listed(_ json: JSON) throws -> Assignment {
    func string(_ key: String) throws -> String { try #require(json[key]?.text) }
    func number(_ key: String) throws -> Int { try #require(json[key]?.number) }
    var fields = try job(string("func"), string("name"), string("workload"))
    fields.timeout = Int32(try number("timeout"))
    fields.scheduledAt = Int64(try number("sched_at"))
    return Assignment(
      id: JobID(UInt64(try number("job_id"))), job: fields,
      previousRunAt: Int64(try number("run_at")), fence: 1)
  }
}

func statusRow(_ row: JSON) throws -> StatusRow {
  StatusRow(
    function: lasting(try #require(row["func"]?.text)),
    workers: try #require(row["workers"]?.number), jobs: try #require(row["jobs"]?.number),
    running: try #require(row["processing"]?.number), locked: row["locked"]?.number ?? 0,
    scheduledAt: Int64(row["sched_at"]?.number ?? 0))
}
