import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Generation 2` {
  @Test func `sums a large frame once, as it arrives`() {
    var frame = framed(unhex("00000007 03 0166 016e") + [UInt8](repeating: 0x7a, count: 9000))
    var decoder = Generation2Decoder(limit: 10_000)
    frame[..<6000].withUnsafeBytes { #expect(words(decoder.next($0)) == "more") }
    frame[..<8000].withUnsafeBytes { #expect(words(decoder.next($0)) == "more") }
    // Bytes that were summed are not looked at again, so a change in them goes unseen.
    frame[5000] ^= 1
    frame.withUnsafeBytes { #expect(decoder.next($0).consumed == frame.count) }
    frame.withUnsafeBytes { #expect(words(decoder.next($0)) == "violation badChecksum") }
  }

  @Test func `sees ahead which job a request is about, if that has come`() {
    let frame = framed(unhex("00000007 03 0166 026e6d") + [UInt8](repeating: 0x7a, count: 90))
    for count in 0...frame.count {
      frame[..<count].withUnsafeBytes { bytes in
        let key = Generation2Decoder.peekKey(bytes)
        #expect((key != nil) == (count >= 22), "\(count) bytes")
        #expect(key.map { Array($0.name) == [0x6e, 0x6d] } ?? true)
      }
    }
    // PING is about none.
    framed(unhex("00000007 09 0166 026e6d")).withUnsafeBytes {
      #expect(Generation2Decoder.peekKey($0) == nil)
    }
  }

  @Test func `knows the sum of a workload, and writes a frame around one`() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for count in [0, 1, 999, 1000] {
      bytes[..<count].withUnsafeBytes { workload in
        var job = JobFields(
          key: JobKey(function: ("f" as StaticString).bytes, name: ("n" as StaticString).bytes),
          workload: workload, scheduledAt: 5, timeout: 6, count: Int32(count))
        let shared = SharedBytes(copying: workload)
        var around = ByteBuffer()
        let assignment = Assignment(id: JobID(1), job: job, previousRunAt: 0, fence: 0)
        for reply in [Reply.assign(assignment), .data(workload)] {
          around.reset()
          let rest = Generation2.encode(reply, around: shared, MessageID(7), into: &around)
          let cut = around.count - rest
          var whole = Array(around.bytes[..<cut])
          whole += bytes[..<count] + Array(around.bytes[cut...])
          var expected = ByteBuffer()
          Generation2.encode(reply, MessageID(7), into: &expected)
          #expect(whole == Array(expected.bytes))
        }

        job.scheduledAt = -1
        var frame = ByteBuffer()
        Generation2.encode(.submit(job), message: 8, into: &frame)
        var decoder = Generation2Decoder(limit: 2000)
        guard case .request(_, .submit(let found), _) = decoder.next(frame.bytes) else {
          return #expect(Bool(false), "no submit")
        }
        #expect(decoder.sum(of: found.workload) == (count == 0 ? 0 : CRC32.of(workload)))
        withBytes(of: "elsewhere") { #expect(decoder.sum(of: $0) == 0) }
      }
    }
  }

  @Test func `refuses a length beyond the limit before the body comes`() {
    let data = [UInt8](repeating: 1, count: 91)
    #expect(decode(framed(unhex("00000007 03 0166 016e") + data), limit: 100).hasPrefix("7: done"))
    #expect(decode(unhex("00524551 00000065"), limit: 100) == "violation tooLong(101)")
    #expect(decode(unhex("00524551 00000064"), limit: 100) == "more")
  }

  @Test(arguments: [
    ("0d 0166 016e 00000000 0000000000000000 02 ffffffff", "submit 66/6e  0 0 0"),
    ("0d 0166 016e 00000000 ffffffffffffffff 01 80000000", "submit 66/6e  -1 0 -2147483648"),
    ("02 0166 016e 8000000000000000 ffff", "later 66/6e -9223372036854775808 65535"),
    ("1b 014c 0000 0166 016e", "acquire 4c 1 66/6e"),
    ("1b 014c ffff 0166 016e", "acquire 4c 65535 66/6e"), ("03 00 00", "done / "),
    ("08 00", "cannot "), ("0f 00", "drop "), ("11 00 00", "remove /"), ("16 00", "get "),
    ("1c 00 00 00", "release  /"), ("0c ffff", "serverOnly(12)"), ("05", "serverOnly(5)"),
    ("23 ffff", "undefined(35)"), ("ff", "undefined(255)"),
    ("0d 00 016e 00000000 0000000000000000 00", "refused function is empty"),
    ("0d 0166 00 00000000 0000000000000000 00", "refused job name is empty"),
    ("1f 0166 00 00000000 0000000000000000 00", "refused job name is empty"),
    ("07 00", "refused function is empty"), ("15 00", "refused function is empty"),
    ("1b 00 0001 0166 016e", "refused lock name is empty"),
  ]) func `reads each edge of a command`(_ command: String, _ expected: String) {
    #expect(decode(framed(unhex("00000007" + command)), limit: 100) == "7: \(expected)")
  }

  @Test func `carries names of 255 bytes`() {
    let name = String(repeating: "n", count: 255)
    let frame = written {
      Generation2.encode(.submit(job(name, name)), message: 7, into: &$0)
    }
    let both = hex(name.utf8)
    #expect(decode(frame, limit: 1000) == "7: submit \(both)/\(both)  0 0 0")
  }

  @Test(arguments: [
    (0x3030_3030, true), (0x6139_6630, true), (0x4139_6630, false), (0x6739_6630, false),
    (0x2f30_3030, false), (0x303a_3030, false), (0x3030_3060, false), (1, false),
  ]) func `knows the message ids of the 0.2 Python workers`(_ number: UInt64, _ isHex: Bool) {
    #expect(Generation2.isFourHexDigits(MessageID(number)) == isHex)
  }

  @Test func `tells where a list of jobs is broken, after the good ones`() {
    func items(_ list: String) -> String {
      unhex(list).withUnsafeBytes { bytes in
        var place = Generation2JobList()
        var found: [String] = []
        while true {
          switch place.next(in: bytes) {
          case .job(let job): found.append(words(job))
          case .skipped(let refusal): found.append(refusal.text)
          case .end: return found.joined(separator: ", ")
          case .violation(let violation): return "\(found.count) and \(violation)"
          }
        }
      }
    }
    let job = "0166 016e 00000000 0000000000000000 00"
    #expect(items("0000000000000001" + job) == "66/6e  0 0 0")
    #expect(items("0000000000000002" + job) == "1 and shortBody")
    #expect(items("0000000000000001" + job + "00") == "1 and trailingBytes")
    #expect(items("00000000") == "0 and shortBody")
  }

  private func decode(_ frame: [UInt8], limit: Int) -> String {
    var decoder = Generation2Decoder(limit: limit)
    return frame.withUnsafeBytes { words(decoder.next($0)) }
  }
}
