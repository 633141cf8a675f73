import Foundation
import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Vectors of generation 1 requests` {
  @Test(arguments: Vector.select(1, "c2s", "packet"))
  func `are read as what they say, and written as they are`(_ vector: Vector) throws {
    let frame = vector.bytes
    let id = try #require(vector.decoded["msgid"]?.bytes)
    let meaning = try expected(vector.decoded)
    let isMended = vector.decoded["header_is_utf8_mangled"]?.number == 1
    #expect(frame[8...].starts(with: id) != isMended)
    let again = frame.withUnsafeBytes { bytes -> [UInt8] in
      let decoder = Generation1Decoder(limit: 1 << 20)
      guard case .request(let message, let command, frame.count) = decoder.next(bytes) else {
        Issue.record("not a request of \(frame.count) bytes")
        return []
      }
      #expect(meaning == said(command))
      #expect(decoder.bytes(of: message) == id)
      return written { buffer in
        id.withUnsafeBytes { Generation1.encode(command, message: $0, into: &buffer) }
      }
    }
    // JSON can be written in many ways; ours is read as the same job.
    guard [13, 17].contains(vector.decoded["number"]?.number) else {
      #expect(again == frame)
      return
    }
    #expect(decode1(again, limit: 1 << 20, cut: { $0 }) == ["\(text(id)): \(meaning)"])
  }

  @Test(arguments: Vector.select(1, "c2s", "packet", valid: false))
  func `that are broken end the session, or are answered, or wait`(_ vector: Vector) throws {
    let expected: String
    switch vector.expect?.error {
    case "no-separator": expected = "violation noSeparator"
    case "bad-magic": expected = "violation badMagic"
    case "too-large": expected = "violation tooLong"
    case "truncated": expected = "more"
    case "bad-json": expected = "refused"
    case "empty-func": expected = "refused function is empty"
    case "empty-name": expected = "refused job name is empty"
    default: throw Unknown()
    }
    vector.bytes.withUnsafeBytes { bytes in
      let decoder = Generation1Decoder(limit: Limits().frameBytes)
      let decoded = decoder.next(bytes)
      #expect(words(decoded).split(separator: ": ", maxSplits: 1).last!.hasPrefix(expected))
      #expect(handling(decoded) == vector.expect?.handling.prefix(4))
      guard case .refused(let message, let refusal, _) = decoded else { return }
      let reply = written { decoder.encode(.refused(refusal), message, into: &$0) }
      let id = decoder.bytes(of: message)
      #expect(reply[8...].starts(with: id + [0, 1, 12, 0, 1]), "UNKNOWN with text")
    }
  }

  private func said(_ command: Command) -> String {
    if case .load(let list) = command { loaded(list) } else { words(command) }
  }

  /// The command in words, made from the file.
  private func expected(_ fields: JSON) throws -> String {
    func function() throws -> String { hex(try #require(fields["func"]?.bytes)) }
    func handle() throws -> String {
      "#\(max(0, Int(text(try #require(fields["handle"]?.bytes))) ?? 0))"
    }
    let number = try #require(fields["number"]?.number)
    switch number {
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
      return try jobs.map { try words(ofJSON: $0) }.joined(separator: ", ")
    case 0, 5, 6, 10, 12, 16: return "serverOnly(\(number))"
    default: return "undefined(\(number))"
    }
  }
}

/// The first word of what the file says is to be done.
func handling(_ decoded: Decoded) -> Substring {
  switch decoded {
  case .needMore: "wait"
  case .request, .refused: "repl"
  case .violation: "clos"
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

/// A job in words; what it may hold beside is not kept (PROTOCOL 2.1).
func words(ofJSON job: JSON) throws -> String {
  let known: Set = [
    "func", "name", "workload", "sched_at", "timeout", "job_id", "run_at", "status", "counter",
  ]
  #expect(Set(job.members.keys).subtracting(known) == [])
  return "\(key(job)) \(hex(job["workload"]?.bytes ?? [])) \(job["sched_at"]?.number ?? 0)"
    + " \(Int32(clamping: max(0, job["timeout"]?.number ?? 0))) 0"
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
