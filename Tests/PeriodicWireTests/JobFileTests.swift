import PeriodicCore
import Testing

@testable import PeriodicWire

@Suite struct `A file of jobs` {
  private func list(_ jobs: [(String, String, [UInt8])]) -> [UInt8] {
    let builder = JobListBuilder()
    for (function, name, workload) in jobs {
      withBytes(of: function) { function in
        withBytes(of: name) { name in
          workload.withUnsafeBytes { workload in
            builder.append(
              JobFields(
                key: JobKey(function: function, name: name), workload: workload,
                scheduledAt: 1_700_000_000, timeout: 30, count: 2))
          }
        }
      }
    }
    return builder.finish()
  }

  @Test(arguments: JobFile.Form.allCases)
  func `is read back as it was written`(_ form: JobFile.Form) throws {
    let jobs = (0..<250).map { number in
      ("f", "n\(1000 + number)", Array("<\(number) \u{e9}>".utf8))
    }
    let list = list(jobs)
    let file = try list.withUnsafeBytes { try JobFile.encode($0, as: form) }
    let read = try file.withUnsafeBytes { try JobFile.decode($0) }
    // Generation 1 has no count.
    if form != .generation1 { #expect(read == list) }
    var names: [String] = []
    try read.withUnsafeBytes { bytes in
      try JobFile.forEach(bytes) { job in
        names.append(job.key.name.text)
        #expect(job.timeout == 30 && job.scheduledAt == 1_700_000_000)
      }
    }
    #expect(names == jobs.map(\.1))
  }

  @Test(arguments: JobFile.Form.allCases)
  func `may hold no job`(_ form: JobFile.Form) throws {
    let empty = list([])
    let file = try empty.withUnsafeBytes { try JobFile.encode($0, as: form) }
    #expect(try file.withUnsafeBytes { try JobFile.decode($0) } == empty)
  }

  @Test func `holds any bytes in lines, and in lists, but not in generation 1`() throws {
    let list = list([("f", "n", [0, 0xff])])
    try list.withUnsafeBytes { list in
      let lines = try JobFile.encode(list, as: .lines)
      #expect(String(decoding: lines, as: UTF8.self).contains("\"workload_base64\":\"AP8=\""))
      #expect(throws: JobFile.Problem.self) { try JobFile.encode(list, as: .generation1) }
    }
  }

  @Test(arguments: [
    "{\"func\":\"f\"}", "{\"func\":\"f\",\"name\":\"n\",\"typo\":1}",
    "{\"func\":\"f\",\"name\":1}", "{\"func\":\"f\",\"name_base64\":\"A\"}",
    "{\"func\":\"f\",\"name\":\"n\",\"timeout\":-1}", "{", "{}\nx",
  ])
  func `with a line that is no job is refused, and the line named`(_ text: String) {
    let problem = #expect(throws: JobFile.Problem.self) {
      try Array(text.utf8).withUnsafeBytes { try JobFile.decode($0) }
    }
    #expect(problem?.text.hasPrefix("line 1: ") == true)
  }

  @Test func `is cut into lists that fit`() throws {
    let list = list((0..<10).map { ("f", "n\($0)", [UInt8](repeating: 0, count: 100)) })
    let parts = try list.withUnsafeBytes { try JobFile.split($0, limit: 400) }
    #expect(parts.count > 1 && parts.allSatisfy { $0.count <= 400 })
    var count = 0
    for part in parts {
      try part.withUnsafeBytes { part in try JobFile.forEach(part) { _ in count += 1 } }
    }
    #expect(count == 10)
  }
}

@Suite struct `Base64 as text` {
  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func `is that of the standard, both ways`(_ plain: String, _ coded: String) {
    var buffer = ByteBuffer()
    withBytes(of: plain) { Base64.append($0, to: &buffer) }
    #expect(buffer.bytes.text == coded)
    #expect(withBytes(of: coded) { Base64.decode($0) } == Array(plain.utf8))
  }

  @Test(arguments: ["A", "AA", "AAA", "AA=A", "Zh==", "Zm9=", "Zm9v!A==", "===="])
  func `refuses what is none`(_ text: String) {
    #expect(withBytes(of: text) { Base64.decode($0) } == nil)
  }
}
