public import PeriodicCore

/// The frames of a generation 1 server as a client or worker reads them. What is borrowed is good
/// until the decoder is next called.
public final class Generation1ReplyDecoder {
  public enum Result {
    case needMore
    /// The id of the request, and what follows the separator: a text, or what `reply` reads.
    case answer(id: Bytes, content: Bytes, consumed: Int)
    /// The Go server's errors come without a message id (PROTOCOL 2.2).
    case bareText(Bytes, consumed: Int)
    case violation(WireViolation)
  }

  private let limit: Int
  private var json = JobJSON()

  public init(limit: Int) { self.limit = limit }

  /// The next frame at the front of `bytes`.
  public func next(_ bytes: Bytes) -> Result {
    var reader = ByteReader(bytes)
    for index in 0..<min(4, bytes.count)
    where bytes[index] != UInt8(truncatingIfNeeded: Magic.response >> UInt32(24 - 8 * index)) {
      return .violation(.badMagic)
    }
    guard reader.uint32() != nil, let word = reader.uint32() else { return .needMore }
    let length = Int(word & 0x7fff_ffff)
    guard length <= limit else { return .violation(.tooLong(UInt32(length))) }
    guard let payload = reader.bytes(length) else { return .needMore }
    let used = Generation1.headerLength + length
    guard let cut = payload.separator else { return .bareText(payload, consumed: used) }
    return .answer(
      id: Bytes(rebasing: payload[..<cut]), content: Bytes(rebasing: payload[(cut + 2)...]),
      consumed: used)
  }

  /// The reply in `content`; `nil` if it is none.
  public func reply(_ content: Bytes) -> Generation1Reply? {
    guard let number = content.first else { return nil }
    let rest = Bytes(rebasing: content[1...])
    guard rest.isEmpty || (rest.count >= 2 && rest[0] == 0 && rest[1] == 1) else { return nil }
    let data = rest.isEmpty ? Bytes.none : Bytes(rebasing: rest[2...])
    switch number {
    case CommandNumber.success: return .success
    case CommandNumber.pong: return .pong
    case CommandNumber.noop: return .noop
    case CommandNumber.noJob: return .noJob
    case CommandNumber.unknown: return .unknown(data)
    case CommandNumber.assign: return assignment(data)
    default: return nil
    }
  }

  private func assignment(_ data: Bytes) -> Generation1Reply? {
    guard let cut = data.separator,
      let number = Bytes(rebasing: data[..<cut]).wholeDecimal, number > 0,
      case .job(let job) = json.parse(Bytes(rebasing: data[(cut + 2)...]))
    else { return nil }
    return .assign(JobID(UInt64(number)), job)
  }
}
