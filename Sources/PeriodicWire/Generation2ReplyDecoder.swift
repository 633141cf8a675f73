public import PeriodicCore

/// The server's frames as a client or worker reads them. Foreign servers of 2019 and later greet
/// with any first frame, so the first frame is the greeting whatever it holds (PROTOCOL 1.4).
public struct Generation2ReplyDecoder {
  public enum Result {
    case needMore
    case message(ServerMessage, consumed: Int)
    case violation(WireViolation)
  }

  private var frames: Generation2Decoder
  private var isGreeted = false

  public init(limit: Int) { frames = Generation2Decoder(limit: limit) }

  /// The next message at the front of `bytes`; what it borrows is good until the next call.
  public mutating func next(_ bytes: Bytes) -> Result {
    switch frames.frame(bytes, magic: Magic.response) {
    case .needMore: return .needMore
    case .violation(let violation): return .violation(violation)
    case .body(let body, let used):
      if !isGreeted {
        isGreeted = true
        var tail = ByteReader(Bytes(rebasing: body.suffix(4)))
        return .message(.connectionID(tail.uint32() ?? 0), consumed: used)
      }
      return Generation2ReplyDecoder.decode(body, used)
    }
  }

  private static func decode(_ body: Bytes, _ used: Int) -> Result {
    var reader = ByteReader(body)
    guard let message = message(&reader) else { return .violation(.shortBody) }
    return reader.isAtEnd ? .message(message, consumed: used) : .violation(.trailingBytes)
  }

  private static func message(_ reader: inout ByteReader) -> ServerMessage? {
    guard let number = reader.uint32(), let kind = reader.uint8() else { return nil }
    let id = MessageID(UInt64(number))
    switch kind {
    case CommandNumber.success: return .success(id)
    case CommandNumber.pong: return .pong(id)
    case CommandNumber.noop: return .noop(id)
    case CommandNumber.unknown: return .unknown(id)
    case CommandNumber.noWorker: return .noWorker(id)
    case CommandNumber.noJob: return .noJob(id)
    case CommandNumber.data: return .data(id, reader.rest())
    case CommandNumber.config: return reader.uint32().map { .setting(id, $0) }
    case CommandNumber.acquired: return reader.uint8().map { .acquired(id, $0 != 0) }
    case CommandNumber.assign: return Generation2.job(&reader).map { .assign(id, $0) }
    default:
      _ = reader.rest()
      return .other(id, kind)
    }
  }
}
