import PeriodicCore
import PeriodicWire
import Testing

@Suite struct `Generation 2 replies` {
  @Test(arguments: Vector.select(2, "s2c", "packet"))
  func `of the vectors are read as what they say, and written as they are`(_ vector: Vector) throws
  {
    let frame = vector.bytes
    var decoder = greeted()
    try frame.withUnsafeBytes { bytes in
      guard case .message(let message, frame.count) = decoder.next(bytes) else {
        Issue.record("not a message of \(frame.count) bytes")
        return
      }
      let meaning = try expected(vector.decoded)
      #expect(words(message) == meaning)
      guard let (reply, id) = reply(message), vector.decoded["job"]?["version"]?.number ?? 2 >= 2
      else { return }
      #expect(written { Generation2.encode(reply, id, into: &$0) } == frame)
    }
  }

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

  private func greeted() -> Generation2ReplyDecoder {
    var decoder = Generation2ReplyDecoder(limit: 1 << 20)
    written { Generation2.encodeConnectionID(1, into: &$0) }.withUnsafeBytes {
      _ = decoder.next($0)
    }
    return decoder
  }

  private func reply(_ message: ServerMessage) -> (Reply, MessageID)? {
    switch message {
    case .success(let id): (.success, id)
    case .pong(let id): (.pong, id)
    case .noop(let id): (.noop, id)
    case .unknown(let id): (.refused(.unknownCommand), id)
    case .noWorker(let id): (.noWorker, id)
    case .data(let id, let bytes): (.data(bytes), id)
    case .setting(let id, let value): (.setting(value), id)
    case .acquired(let id, let held): (.acquired(held), id)
    case .assign(let id, let job):
      (.assign(Assignment(id: JobID(1), job: job, previousRunAt: 0, fence: 1)), id)
    case .connectionID, .noJob, .other: nil
    }
  }

  private func words(_ message: ServerMessage) -> String {
    switch message {
    case .success(let id): "\(id.number) SUCCESS"
    case .pong(let id): "\(id.number) PONG"
    case .noop(let id): "\(id.number) NOOP"
    case .unknown(let id): "\(id.number) UNKNOWN"
    case .noWorker(let id): "\(id.number) NO_WORKER"
    case .noJob(let id): "\(id.number) NO_JOB"
    case .data(let id, let bytes): "\(id.number) DATA \(hex(bytes))"
    case .setting(let id, let value): "\(id.number) CONFIG \(value)"
    case .acquired(let id, let held): "\(id.number) ACQUIRED \(held ? 1 : 0)"
    case .assign(let id, let job): "\(id.number) JOB_ASSIGN \(PeriodicWireTests.words(job))"
    case .connectionID(let id): "connection \(id)"
    case .other(let id, let number): "\(id.number) other \(number)"
    }
  }

  private func expected(_ fields: JSON) throws -> String {
    let id = try #require(fields["msgid"]?.text.flatMap { UInt64($0, radix: 16) })
    let name = try #require(fields["command"]?.text)
    if let data = fields["data"]?.bytes { return "\(id) \(name) \(hex(data))" }
    if let job = fields["job"] {
      return try "\(id) \(name) \(PeriodicWireTests.words(of: job))"
    }
    let value = fields["value"]?.number ?? fields["acquired"]?.number
    return "\(id) \(name)" + (value.map { " \($0)" } ?? "")
  }
}
