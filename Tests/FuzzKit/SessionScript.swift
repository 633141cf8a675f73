import PeriodicCore
import PeriodicWire

/// Connections to one server core and what each says, read from an input, so that a fuzzer finds
/// its way by changing bytes.
///
/// Carried out four times: with what a connection says at one time in one piece and in several, and
/// with each request alone, whole and in pieces with turns of the server's loop between them. The
/// pieces must make no difference to what any connection hears.
public struct SessionScript {
  public enum Act {
    case open([UInt8])
    /// Requests that come together; in one of the ways, one after the other.
    case say(Int, [[UInt8]])
    case end(Int)
    case lose(Int)
    case pass(Int64)
    /// The store will not take the next batch.
    case fail
  }

  static let connections = 6

  public private(set) var acts: [Act] = []
  private let control: UInt8
  /// Some bytes may be more than one request.
  private var hasRawBytes = false

  /// - Parameter control: how the bytes are cut; an odd one is a server with a store.
  public init(_ acts: [Act], _ control: UInt8) {
    self.acts = acts
    self.control = control
  }

  /// Each act is a byte for its kind and connection, and what the kind needs.
  init(_ input: [UInt8], _ control: UInt8) {
    self.control = control
    var reader = ArraySlice(input)
    var opened = 0
    var generations: [Int] = []
    while let byte = reader.popFirst() {
      let connection = opened == 0 ? 0 : Int(byte >> 4) % opened
      switch byte & 15 {
      case 0..<5 where opened < SessionScript.connections:
        acts.append(.open(SessionScript.greeting(byte & 15)))
        generations.append(byte & 15 < 2 ? 1 : byte & 15 < 4 ? 2 : 0)
        opened += 1
      case 5: acts.append(.pass(Int64(reader.popFirst() ?? 0) * 250))
      case 6: if opened > 0 { acts.append(byte >> 4 < 8 ? .end(connection) : .lose(connection)) }
      case 7: acts.append(.fail)
      default:
        let body = SessionScript.take(&reader)
        guard opened > 0 else { continue }
        let isRaw = byte & 15 == 8 || generations[connection] == 0
        acts.append(
          .say(connection, [isRaw ? body : SessionScript.frame(body, generations[connection])]))
        hasRawBytes = hasRawBytes || isRaw
      }
    }
  }

  func check() {
    if let difference { fatalError("\(difference)\nof \(acts)") }
  }

  /// What a connection hears otherwise when the bytes come in pieces; `nil` if all hear the same.
  public var difference: String? {
    var pieces = Cuts(seed: control)
    if let found = difference(&pieces, alone: false) { return found }
    return hasRawBytes ? nil : difference(&pieces, alone: true)
  }

  private func difference(_ pieces: inout Cuts, alone: Bool) -> String? {
    var whole = Cuts.whole
    let first = play(&whole, alone: alone)
    let second = play(&pieces, alone: alone)
    for (number, (one, other)) in zip(first, second).enumerated() where one != other {
      return "connection \(number) hears \(hex(other))\ninstead of \(hex(one))"
    }
    return nil
  }

  /// Bytes that were heard, for a test of the tests.
  public var answers: Int {
    var whole = Cuts.whole
    return play(&whole, alone: true).reduce(0) { $0 + $1.count }
  }

  /// What every connection hears, and whether it was closed.
  private func play(_ cuts: inout Cuts, alone: Bool) -> [[UInt8]] {
    let bench = SessionBench(isDurable: control & 1 == 1)
    for act in acts {
      switch act {
      case .open(let greeting):
        say(greeting, bench.open(), bench, &cuts, withTurns: alone)
      case .say(let connection, let requests) where alone:
        for request in requests {
          say(request, connection, bench, &cuts, withTurns: true)
          bench.settle()
        }
      case .say(let connection, let requests):
        say(requests.flatMap { $0 }, connection, bench, &cuts, withTurns: false)
      case .end(let connection): bench.end(connection)
      case .lose(let connection): bench.lose(connection)
      case .pass(let milliseconds): bench.pass(milliseconds)
      case .fail: bench.failStore()
      }
      bench.settle()
    }
    return zip(bench.outputs, bench.isClosed).map { $0 + [$1 ? 1 : 0] }
  }

  /// Hands bytes over in pieces.
  private func say(
    _ bytes: [UInt8], _ connection: Int, _ bench: SessionBench, _ cuts: inout Cuts,
    withTurns: Bool
  ) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let size = cuts.next(rest.count)
      bench.receive(rest.prefix(size), on: connection)
      rest = rest.dropFirst(size)
      if withTurns, !rest.isEmpty { bench.turn() }
    }
  }

  // MARK: Bytes

  /// The registration of a client or worker of generation 1 (0, 1) or 2 (2, 3).
  public static func greeting(_ kind: UInt8) -> [UInt8] {
    written { buffer in
      switch kind {
      case 0: Generation1.encodeRegistration(.client, into: &buffer)
      case 1: Generation1.encodeRegistration(.worker, into: &buffer)
      case 2: Generation2.encodeRegistration(.client, into: &buffer)
      case 3: Generation2.encodeRegistration(.worker, into: &buffer)
      // Unregistered, or HTTP: its first bytes are still to come.
      default: break
      }
    }
  }

  private static func take(_ reader: inout ArraySlice<UInt8>) -> [UInt8] {
    let count = Int(reader.popFirst() ?? 0)
    let bytes = Array(reader.prefix(count))
    reader = reader.dropFirst(count)
    return bytes
  }

  /// A frame of the connection's generation round `body`.
  public static func frame(_ body: [UInt8], _ generation: Int) -> [UInt8] {
    written { buffer in
      buffer.append(uint32: 0x0052_4551)
      buffer.append(uint32: UInt32(body.count))
      body.withUnsafeBytes { body in
        if generation == 2 { buffer.append(uint32: CRC32.of(body)) }
        buffer.append(body)
      }
    }
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
