import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Generation 2 replies` {
  @Test func `begin with the connection id`() {
    let frame = unhex("00524553 00000005 a81ee2ca 1e 0a0b0c0d")
    #expect(written { Generation2.encodeConnectionID(0x0a0b_0c0d, into: &$0) } == frame)
    frame.withUnsafeBytes { bytes in
      var decoder = Generation2ReplyDecoder(limit: 100)
      guard case .message(.connectionID(0x0a0b_0c0d), 17) = decoder.next(bytes) else {
        Issue.record("no connection id")
        return
      }
    }
  }

  @Test func `have one word for each refusal, and none for no message`() {
    let id = MessageID(7)
    #expect(command(.noSuchJob, id) == 16)
    #expect(command(.wrongRole, id) == 29)
    #expect(command(.emptyName, id) == 12)
    #expect(command(.limit(.jobs, value: 1), id) == 12)
    #expect(command(.starting, .none) == nil)
  }

  @Test func `refuse RUN_JOB by NO_WORKER, which a client does not take for a result`() throws {
    let frame = written {
      Generation2.encode(.run(job("", "n")), message: 7, into: &$0)
    }
    let id: MessageID? = frame.withUnsafeBytes { bytes in
      var decoder = Generation2Decoder(limit: 100)
      guard case .refused(let id, .emptyFunction, _) = decoder.next(bytes) else { return nil }
      return id
    }
    let answer = written { Generation2.encode(.refused(.emptyFunction), id!, into: &$0) }
    #expect(hex(answer) == "0052455300000005ea650d03000000071d")
  }

  private func command(_ refusal: Refusal, _ id: MessageID) -> UInt8? {
    written { Generation2.encode(.refused(refusal), id, into: &$0) }.last
  }
}
