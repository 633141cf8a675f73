import PeriodicCore
import Testing

@testable import PeriodicWire

@Suite struct `DUMP` {
  @Test func `of generation 2 over the limit is refused, not cut`() {
    let jobs = Array(repeating: dumped("f", "n"), count: 10)
    let length = 4 + 1 + 8 + 10 * 17
    let form = DumpForm.generation2(MessageID(7))
    #expect(dump(form, jobs, limit: length).count == 12 + length)
    let unknown = "00524553 00000005 80d52df1 00000007 0c"
    #expect(dump(form, jobs, limit: length - 1) == unhex(unknown))
  }

  @Test func `of generation 2 goes behind what is in the buffer already`() {
    let writer = DumpWriter(.generation2(MessageID(7)), limit: 100)
    let all = written { buffer in
      Generation2.encode(.pong, MessageID(7), into: &buffer)
      writer.append(dumped("f", "n"), isRunning: false, into: &buffer)
      writer.finish(into: &buffer)
    }
    #expect(Array(all[17...]) == dump(.generation2(MessageID(7)), [dumped("f", "n")]))
  }

  @Test func `of generation 1 has a hundred jobs a frame, then EOF`() {
    let id = Array("100".utf8)
    let end = unhex("00524553 00000008 313030 0001 454f46")
    #expect(dump(.generation1(id), []) == end)
    let job = dumped("f", "n")
    let one =
      #"{"job_id":1,"name":"n","func":"f","workload":"","timeout":0,"sched_at":0,"run_at":0,"#
      + #""status":"processing"}"#
    func frame(_ jobs: Int) -> [UInt8] {
      let list = Array(repeating: one, count: jobs).joined(separator: ",")
      var frame = frame1(id + [0, 1] + Array("{\"jobs\":[\(list)]}".utf8))
      frame[3] = UInt8(ascii: "S")
      return frame
    }
    let jobs = Array(repeating: job, count: 101)
    #expect(dump(.generation1(id), jobs) == frame(100) + frame(1) + end)
    #expect(dump(.generation1(id), Array(jobs[..<100])) == frame(100) + end)
  }

  @Test func `over HTTP is lines in chunks, the last of them empty`() throws {
    var context = HTTPReplyContext()
    context.takesChunks = true
    let line = #"{"func":"f","name":"n","workload":"","sched_at":0}"# + "\n"
    let jobs = Array(repeating: dumped("f", "n"), count: 2000)
    let text = String(decoding: dump(.lines(context), jobs), as: UTF8.self)
    let parts = text.split(separator: "\r\n", omittingEmptySubsequences: false)
    let sizes = stride(from: 0, to: parts.count - 3, by: 2).map { Int(parts[$0], radix: 16) }
    let chunks = stride(from: 1, to: parts.count - 3, by: 2).map { String(parts[$0]) }
    #expect(chunks.joined() == String(repeating: line, count: 2000))
    #expect(sizes == chunks.map(\.utf8.count) && sizes.count == 2)
    #expect(parts.suffix(3) == ["0", "", ""])
  }

  private func dump(_ form: DumpForm, _ jobs: [Assignment], limit: Int = 1 << 20) -> [UInt8] {
    let writer = DumpWriter(form, limit: limit)
    return written { buffer in
      for job in jobs { writer.append(job, isRunning: true, into: &buffer) }
      writer.finish(into: &buffer)
    }
  }

  private func dumped(_ function: String, _ name: String) -> Assignment {
    Assignment(id: JobID(1), job: job(function, name), previousRunAt: 0, fence: 1)
  }
}
