import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Generation 1` {
  private let id = Array("1".utf8)

  @Test(arguments: [
    // id, command, data; a message id may end in 00, and the leftmost separator counts.
    ("6100 0001 09", "ping"), ("61 0001 01", "grab(confirms: false)"),
    ("61 0001 07 0001 66", "can 66"), ("61 0001 07 0001", "can "), ("61 0001 07", "can "),
    ("61 0001 07 0001 0001", "can 0001"), ("61 0001 00 0001 66", "serverOnly(0)"),
    ("61 0001 14", "undefined(20)"), ("61 0001 03 0001 37", "done #7 "),
    ("61 0001 03 0001 37 0001 61 0001 62", "done #7 61000162"),
    ("61 0001 03 0001 78", "done #0 "), ("61 0001 04", "fail #0"),
    ("61 0001 04 0001 2d31", "fail #0"), ("61 0001 02 0001 37 0001 2d35", "later #7 -5 0"),
    ("61 0001 02 0001 37 0001 352e37", "later #7 5 0"), ("61 0001 02 0001 37", "later #7 0 0"),
  ]) func `takes a payload apart at its separators`(_ payload: String, _ expected: String) {
    #expect(decode(frame1(unhex(payload)), id: false) == [expected])
  }

  @Test(arguments: [
    "", "61", "61 0001", "61 0001 0909", "61 0001 0001 66", "0001 09", "61 0001 09 01",
  ])
  func `closes on a payload without id and one command byte`(_ payload: String) {
    #expect(decode(frame1(unhex(payload))) == ["violation noSeparator"])
  }

  @Test func `closes on a message id of more than 255 bytes`() {
    let longest = [UInt8](repeating: 0x61, count: 255)
    #expect(decode(request1(longest, 9), id: false) == ["ping"])
    #expect(decode(request1(longest + [0x61], 9)) == ["violation longMessageID"])
  }

  @Test func `refuses a length beyond the limit by the header alone`() {
    #expect(decode(unhex("00524551 00000064") + [UInt8](repeating: 1, count: 100)) != [])
    #expect(decode(unhex("00524551 00000065")) == ["violation tooLong(101)"])
    #expect(decode(unhex("00524551 7fffffff")) == ["violation tooLong(2147483647)"])
    #expect(decode(unhex("00524551 80000004 61 0001 09"), id: false) == ["ping"], "top bit")
  }

  @Test(arguments: [UInt8](0x80...0xff)) func `mends a length byte written as UTF-8`(
    _ length: UInt8
  ) {
    let payload = Array("100".utf8) + [0, 1, 15, 0, 1]
    let whole = payload + [UInt8](repeating: 0x66, count: Int(length) - payload.count)
    let bytes = Array(String(Unicode.Scalar(length)).utf8)
    let frame = unhex("00524551 000000") + bytes + whole
    let function = hex(whole[payload.count...])
    #expect(decode(frame, limit: 300) == ["100: drop \(function)"])
    #expect(decode(frame + request1(id, 9), limit: 300).last == "1: ping")
  }

  @Test(arguments: ["c380", "c3bf", "c280"])
  func `leaves a good header as it is when its length looks like UTF-8`(_ bytes: String) {
    // 0xc2 and 0xc3 as length, and a first byte of the message id that could go on from them.
    let lead = unhex(bytes)
    let head = Array(lead[1...]) + Array("id".utf8) + [0, 1, 9, 0, 1]
    let payload = head + [UInt8](repeating: 0x66, count: Int(lead[0]) - head.count)
    #expect(decode(frame1(payload), id: false, limit: 300) == ["ping"])
  }

  @Test(arguments: [
    (#"{"func":"f","name":"n"}"#, "submit 66/6e  0 0 0"),
    (
      #" {"FUNC":"f","Name":"n","WORKLOAD":"w","Sched_At":-5,"tImeout":7} "#,
      "submit 66/6e 77 -5 7 0"
    ),
    (
      #"{"func":"f","name":"n","timeout":99999999999,"x":{"y":[1]}}"#,
      "submit 66/6e  0 2147483647 0"
    ),
    (#"{"func":"f","name":"n","timeout":-1,"workload":null,"counter":3}"#, "submit 66/6e  0 0 0"),
    (#"{"func":"f","name":"\u0000\u00fc"}"#, "submit 66/00c3bc  0 0 0"),
    (#"{"func":"f","Func":"g","name":"n"}"#, "submit 67/6e  0 0 0"),
    (#"{"func":"f","name":"n","workload":1}"#, "refused workload is not a string"),
    (#"{"func":"f","name":"n","timeout":1.5}"#, "refused timeout is not an integer"),
    (#"{"func":"f","name":"n","sched_at":"1"}"#, "refused sched_at is not an integer"),
    (#"{"func":"f","name":"n","status":1}"#, "refused status is not a string"),
    (#"{"func":"f","name":"n","job_id":"1"}"#, "refused job_id is not an integer"),
    (#"{"func":"f"}"#, "refused job name is empty"),
    (#"{"name":"n"}"#, "refused function is empty"),
    (#"{"func":"f","func":"g","name":"n"}"#, "refused the job is not a JSON object"),
    (#"["f"]"#, "refused the job is not a JSON object"),
    ("", "refused the job is not a JSON object"), ("7", "refused the job is not a JSON object"),
    (#"{"func":"f","name":"n"} x"#, "refused the job is not a JSON object"),
    (
      #"{"func":"f","name":"n","sched_at":99999999999999999999}"#,
      "refused the job is not a JSON object"
    ),
  ]) func `reads a job's JSON as the Go server does`(_ json: String, _ expected: String) {
    #expect(decode(request1(id, 13, Array(json.utf8)), id: false, limit: 300) == [expected])
  }

  @Test func `refuses JSON that is deep or full of values, which would take memory`() {
    func job(_ extra: String) -> String {
      decode(
        request1(id, 13, Array(#"{"func":"f","name":"n","x":\#(extra)}"#.utf8)), id: false,
        limit: 9999)[0]
    }
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(job(nested(31)).hasPrefix("submit"))
    #expect(job(nested(32)).hasPrefix("refused"))
    #expect(job("[0\(String(repeating: ",0", count: 1019))]").hasPrefix("submit"))
    #expect(job("[0\(String(repeating: ",0", count: 1030))]").hasPrefix("refused"))
  }

  @Test func `takes names of 255 bytes and refuses longer ones`() {
    func submit(_ count: Int) -> String {
      let json = #"{"func":"f","name":"\#(String(repeating: "n", count: count))"}"#
      return decode(request1(id, 13, Array(json.utf8)), id: false, limit: 999)[0]
    }
    #expect(submit(255).hasPrefix("submit"))
    #expect(submit(256) == "refused name_bytes: 256 is over the limit")
  }

  @Test(arguments: [
    (#"{"jobs":[]}"#, ""), ("{}", ""), (#"{"jobs":null}"#, ""),
    (
      #" { "x" : [1] , "JOBS" : [ {"func":"f","name":"n"} , {"func":"f","name":"m"} ] , "y":0 } "#,
      "66/6e  0 0 0, 66/6d  0 0 0"
    ),
    (
      #"{"jobs":[{"func":"f"},{"func":"f","name":"m"}]}"#, "skipped job name is empty, 66/6d  0 0 0"
    ),
    (#"{"jobs":[{"func":"f","name":"n"},7]}"#, "66/6e  0 0 0, badJSON"),
    (#"{"jobs":[{"func":"f","name":"n"}"#, "66/6e  0 0 0, badJSON"),
    (#"{"jobs":[{"func":"f","name":"n"}]"#, "66/6e  0 0 0, badJSON"), (#"{"jobs":[,]}"#, "badJSON"),
    (#"{"jobs":[]}}"#, "badJSON"), (#"{"jobs":7}"#, "badJSON"), ("", "badJSON"), ("[]", "badJSON"),
    (#"{"x":tru}"#, "badJSON"), (#"{"jobs":[]"#, "badJSON"), (#"{,}"#, "badJSON"),
  ]) func `takes the jobs of a LOAD one by one`(_ json: String, _ expected: String) {
    Array(json.utf8).withUnsafeBytes { #expect(loaded($0) == expected) }
  }

  private func decode(_ input: [UInt8], id named: Bool = true, limit: Int = 300) -> [String] {
    decode1(input, limit: limit == 300 && input.count < 120 ? 100 : limit, named: named) { $0 }
  }
}

/// All that a connection's bytes are decoded to, cut into pieces by `cut`.
func decode1(
  _ input: [UInt8], limit: Int, named: Bool = true, cut: (Int) -> Int
) -> [String] {
  let decoder = Generation1Decoder(limit: limit)
  return feed(input, cut: cut) { bytes in
    let decoded = decoder.next(bytes)
    let found = words(decoded) { text(decoder.bytes(of: $0)) }
    let isViolation = decoded.consumed == nil
    if named || isViolation { return (found, decoded.consumed) }
    return (
      found.split(separator: ": ", maxSplits: 1).last.map { String($0) } ?? "", decoded.consumed
    )
  }
}
