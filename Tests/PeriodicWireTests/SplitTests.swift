import PeriodicCore
import PeriodicWire
import Testing

/// Streams of whole frames, and of frames that were damaged, in every sort of pieces: what is found
/// must not depend on the pieces, and nothing may trap.
@Suite struct `However bytes are cut or damaged` {
  static let seeds = 0..<20

  @Test(arguments: seeds) func `generation 2 finds the same commands`(_ seed: Int) {
    check(seed, Stream.generation2) { input, cut in
      var decoder = Generation2Decoder(limit: 70_000)
      return feed(input, cut: cut) { bytes in
        let decoded = decoder.next(bytes)
        return (words(decoded), decoded.consumed)
      }
    }
  }

  @Test(arguments: seeds) func `generation 1 finds the same commands`(_ seed: Int) {
    check(seed, Stream.generation1) { decode1($0, limit: 4000, cut: $1) }
  }

  @Test(arguments: seeds) func `a client finds the same replies`(_ seed: Int) {
    check(seed, Stream.replies) { input, cut in
      var decoder = Generation2ReplyDecoder(limit: 70_000)
      return feed(input, cut: cut) { bytes in
        switch decoder.next(bytes) {
        case .needMore: ("more", nil)
        case .message(let message, let used): ("\(Stream.words(message))", used)
        case .violation(let violation): ("\(violation)", nil)
        }
      }
    }
  }

  @Test(arguments: seeds) func `HTTP finds the same requests`(_ seed: Int) {
    var dice = Dice(seed: UInt64(seed) + 77)
    for request in Stream.http {
      for damage in [false, true] {
        let input = damage ? Stream.damaged(request, &dice) : request
        let whole = HTTPBench().feed(input).filter { $0 != "interim" }
        for size in [1, 2, 3, 1 + dice.roll(50)] {
          let cut = HTTPBench().feed(input, pieces: size).filter { $0 != "interim" }
          #expect(cut == whole, "\(text(input))")
        }
      }
    }
  }

  @Test(arguments: seeds) func `registrations, lists and first bytes do not trap`(_ seed: Int) {
    var dice = Dice(seed: UInt64(seed) + 5)
    for vector in Vector.all where vector.bytes.count < 2000 {
      Stream.damaged(vector.bytes, &dice).withUnsafeBytes { bytes in
        _ = ProtocolSniffer.decide(bytes)
        _ = Registration.parse(.one, bytes)
        if case .registered = Registration.parse(.two, bytes) {
          _ = Registration.identity(in: bytes)
        }
        var list = Generation2JobList()
        while case .job = list.next(in: bytes) {}
        _ = loaded(bytes)
      }
    }
  }

  @Test(arguments: seeds) func `garbage after a good head does not trap`(_ seed: Int) {
    var dice = Dice(seed: UInt64(seed) + 9)
    for _ in 0..<200 {
      let garbage = (0..<dice.roll(60)).map { _ in UInt8(dice.roll(256)) }
      framed(garbage).withUnsafeBytes { bytes in
        var decoder = Generation2Decoder(limit: 1000)
        _ = words(decoder.next(bytes))
        _ = Registration.parse(.two, bytes)
      }
      let commands = request1([0x31], UInt8(dice.roll(36)), garbage)
      _ = decode1(commands, limit: 1000) { $0 }
      let job = Array(#"{"func":"f","name":"n","x":"#.utf8) + garbage + [0x7d]
      _ = decode1(request1([0x31], 13, job), limit: 1000) { $0 }
    }
  }

  /// Decodes a stream whole and in pieces, good and damaged.
  private func check(
    _ seed: Int, _ stream: [UInt8], _ decode: ([UInt8], (Int) -> Int) -> [String]
  ) {
    var dice = Dice(seed: UInt64(seed))
    for input in [stream, Stream.damaged(stream, &dice)] {
      let whole = decode(input) { $0 }
      #expect(!whole.isEmpty)
      let most = [1, 3, 20, 400, 20_000][seed % 5]
      // Byte by byte through everything would be quadratic.
      let start = most == 1 ? dice.roll(max(1, input.count - 3000)) : 0
      var isFirst = true
      let cut = decode(input) { left in
        defer { isFirst = false }
        if isFirst && start > 0 { return start }
        return input.count - left > start + 3000 && most == 1 ? left : 1 + dice.roll(most)
      }
      #expect(cut == whole)
    }
  }
}

private enum Stream {
  static let generation2 = joined(Vector.select(2, "c2s", "packet"))
  static let generation1 = joined(Vector.select(1, "c2s", "packet"))
  static let replies =
    written { Generation2.encodeConnectionID(5, into: &$0) }
    + joined(Vector.select(2, "s2c", "packet"))

  static let http: [[UInt8]] = [
    post("/p%41?timeout=4", "name=%C3%BC+x&args=a%26b%0&act=x"),
    post("/?name=n", "func=f&sched_at=77"), get("/f?x#y"), get("/f", "DELETE"), get("/", "PUT"),
    kept(post("/periodic/run/f%2f/n/?timeout=4", "work")) + kept(get("/periodic/status"))
      + with(kept(get("/periodic/x")), "Authorization: Bearer a:b") + kept(get("/", "PUT"))
      + with(get("/f"), "Origin: http://h"),
    "POST /f HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
      + "6;a=b\r\nname=n\r\n0\r\nT: x\r\n\r\n",
  ].map { Array($0.utf8) }

  private static func joined(_ vectors: [Vector]) -> [UInt8] { vectors.flatMap(\.bytes) }

  /// A copy with a few bytes changed, left out or put in.
  static func damaged(_ input: [UInt8], _ dice: inout Dice) -> [UInt8] {
    var bytes = input
    for _ in 0..<1 + dice.roll(4) where !bytes.isEmpty {
      let place = dice.roll(bytes.count)
      switch dice.roll(4) {
      case 0: bytes.remove(at: place)
      case 1: bytes.insert(UInt8(dice.roll(256)), at: place)
      case 2: bytes[place] ^= 1 << UInt8(dice.roll(8))
      default: bytes[place] = [0, 1, 0xff, 0x22, 0x25, 0x0d][dice.roll(6)]
      }
    }
    return bytes
  }

  static func words(_ message: ServerMessage) -> String {
    switch message {
    case .data(let id, let bytes): "\(id.number) \(hex(bytes))"
    case .assign(let id, let job): "\(id.number) \(PeriodicWireTests.words(job))"
    default: "\(message)"
    }
  }
}
