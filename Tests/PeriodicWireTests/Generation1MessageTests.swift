import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Generation 1 message ids` {
  private let decoder = Generation1Decoder(limit: 1000)
  private let long = [UInt8](0x10...0x1f)

  @Test(arguments: [1, 6, 7, 8, 16, 255]) func `are echoed as they came`(_ length: Int) throws {
    let id = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + 2) }
    let message = try #require(send(id, 9))
    let expected = [0, 0x52, 0x45, 0x53, 0, 0, UInt8((length + 3) >> 8), UInt8((length + 3) & 255)]
    #expect(reply(.pong, message) == expected + id + [0, 1, 10])
  }

  @Test(arguments: [[0x31], [UInt8](0x10...0x1f)])
  func `give the same number while a grab waits`(_ id: [UInt8]) throws {
    let first = try #require(send(id, 1))
    #expect(send(id, 1) == first)
    _ = send([2], 9)
    #expect(send(id, 1) == first)
    _ = send(id, 3, Array("7".utf8))
    #expect(!reply(assignment, first).isEmpty)
  }

  @Test func `are forgotten when the grab has its job`() throws {
    let first = try #require(send(long, 1))
    _ = reply(assignment, first)
    _ = send([1], 9)
    #expect(reply(assignment, first).isEmpty, "nobody waits any more")
    #expect(send(long, 1) != first)
  }

  @Test(arguments: [[0x31], [UInt8](0x10...0x1f)])
  func `of a grab hear no SUCCESS, and still get their job`(_ id: [UInt8]) throws {
    let message = try #require(send(id, 1))
    #expect(reply(.success, message).isEmpty)
    _ = send([2], 9)
    #expect(reply(.refused(.wrongRole), message).suffix(3) == [0, 1, 12])
  }

  @Test func `are answered before the next request, in two ways if need be`() throws {
    let message = try #require(send(long, 13, Array(#"{"func":"f","name":"n"}"#.utf8)))
    #expect(!reply(.success, message).isEmpty)
    #expect(!reply(.refused(.storeFailed), message).isEmpty)
    _ = send([1], 9)
    #expect(reply(.success, message).isEmpty)
  }

  @Test func `of commands without a reply are told by the table`() {
    #expect(Generation1.hasNoReply(.canDo(function: .none)))
    #expect(Generation1.hasNoReply(.load(.none)))
    #expect(Generation1.hasNoReply(.fail(.id(JobID(1)))))
    #expect(!Generation1.hasNoReply(.grab(confirms: false)))
    #expect(!Generation1.hasNoReply(.submit(job("f", "n"))))
  }

  @Test func `stand before the reason of a refusal`() {
    let frame = "00524553 0000000e 313030 0001 0c 0001 6e6f206a6f62"
    #expect(answer(to: Array("100".utf8), .refused(.noSuchJob)) == unhex(frame))
    #expect(answer(to: [0x31], .refused(.wrongRole)) == unhex("00524553 00000004 31 0001 0c"))
  }

  @Test func `come before a job whose texts are escaped as Go does`() {
    var fields = job("<f>", "n\"\\\u{1}\n", "")
    let workload: [UInt8] = [
      0x26, 0xff, 0xc3, 0xbc, 0xe2, 0x80, 0xa8, 0xe2, 0x80, 0xa9, 0xe2, 0x80,
    ]
    let expected =
      #"{"job_id":9007199254740991,"name":"n\"\\\u0001\n","func":"\u003cf\u003e","workload":"#
      + #""\u0026\ufffdü\u2028\u2029\ufffd\ufffd","timeout":5,"sched_at":-1,"run_at":3,"#
      + #""status":"ready"}"#
    fields.timeout = 5
    fields.scheduledAt = -1
    workload.withUnsafeBytes { workload in
      fields.workload = workload
      let item = Assignment(
        id: JobID(9_007_199_254_740_991), job: fields, previousRunAt: 3, fence: 1)
      let frame = answer(to: [0x31], .assign(item), after: 1)
      #expect(
        text(frame[8...]) == "1\u{0}\u{1}\u{5}\u{0}\u{1}9007199254740991\u{0}\u{1}" + expected)
    }
  }

  private var assignment: Reply {
    .assign(Assignment(id: JobID(7), job: job("f", "n"), previousRunAt: 0, fence: 1))
  }

  /// Decodes one request; its message id.
  private func send(_ id: [UInt8], _ command: UInt8, _ data: [UInt8]? = nil) -> MessageID? {
    request1(id, command, data).withUnsafeBytes { bytes in
      guard case .request(let message, _, _) = decoder.next(bytes) else { return nil }
      return message
    }
  }

  private func reply(_ reply: Reply, _ message: MessageID) -> [UInt8] {
    written { decoder.encode(reply, message, into: &$0) }
  }
}
