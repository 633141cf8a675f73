public import PeriodicCore

/// The codecs that are fuzzed, and the server core with all of them at once.
///
/// Each stops the process when a property does not hold: what is decoded must not depend on how the
/// bytes were cut, and what was decoded must come back when it is encoded.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// A generation 1 connection on the server's side, from its first byte on.
  case generation1
  /// The same of generation 2.
  case generation2
  /// What a generation 1 client reads.
  case replies1
  /// What a generation 2 client reads.
  case replies2
  case http
  /// The job lists of LOAD and DUMP, of both generations.
  case lists
  /// A generation 1 job's JSON.
  case json
  /// A generation 1 header and its repair.
  case header
  /// Connections of all kinds to one server core.
  case session

  /// Tries one input; the first byte chooses how the rest is cut and whether it is mended.
  public func run(_ input: Bytes) {
    guard let control = input.first, input.count <= 1 << 16 else { return }
    let rest = Bytes(rebasing: input[1...])
    switch self {
    case .generation1: check(Array(rest), control, serverSide)
    case .generation2: check(mended(rest, control, 0x51), control, serverSide)
    case .replies1: check(Array(rest), control, clientSide1)
    case .replies2: check(mended(rest, control, 0x53), control, clientSide2)
    case .http: check(Array(rest), control, httpSide)
    case .lists: control & 1 == 0 ? checkList1(rest) : checkList2(rest)
    case .json: checkJSON(Array(rest))
    case .header: checkHeader(Array(rest))
    case .session: SessionScript(Array(rest), control).check()
    }
  }

  /// Decodes the stream whole, byte by byte, and in pieces of the input's choice.
  private func check(
    _ stream: [UInt8], _ control: UInt8, _ decode: ([UInt8], inout Cuts) -> [[UInt8]]
  ) {
    var cuts = Cuts.whole
    let whole = decode(stream, &cuts)
    var others = [Cuts(seed: control)]
    if stream.count < 400 { others.append(.bytes) }
    for var cuts in others {
      let found = decode(stream, &cuts)
      expect(found == whole, "in pieces \(text(found)) instead of \(text(whole))")
    }
  }
}

/// Bytes for a person to read.
func text(_ parts: [[UInt8]]) -> String {
  parts.map { String(decoding: $0, as: UTF8.self).debugDescription }.joined(separator: ", ")
}

/// A property that must hold for every input.
func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
  if !condition { fatalError(what()) }
}

/// The sizes of the pieces in which a stream arrives.
struct Cuts {
  static let whole = Cuts(state: 0, most: .max)
  static let bytes = Cuts(state: 0, most: 1)

  private var state: UInt64
  private var most: Int

  private init(state: UInt64, most: Int) {
    self.state = state
    self.most = most
  }

  init(seed: UInt8) {
    state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
    most = [2, 5, 17, 80][Int(seed >> 2 & 3)]
  }

  /// A number below `bound`.
  mutating func roll(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(truncatingIfNeeded: state >> 33) % max(1, bound)
  }

  /// The size of the next piece of `left` bytes.
  mutating func next(_ left: Int) -> Int {
    if most >= left { return most == .max ? left : min(left, 1 + roll(left)) }
    return most == 1 ? 1 : 1 + roll(most)
  }
}
