import PeriodicCore
import PeriodicWire

/// Makes messages of what the server sends, copying only the frame that is still coming.
struct Inbox: ~Copyable {
  private let limit: Int
  private var decoder: Generation2ReplyDecoder
  /// The beginning of a frame whose rest has not come.
  private var rest = ByteBuffer()
  /// What is being decoded: borrowed for the call that brought it, or `rest` itself.
  private var window = Bytes.none
  private var isInRest = false

  init(limit: Int) {
    self.limit = limit
    decoder = Generation2ReplyDecoder(limit: limit)
  }

  /// Bytes of a frame that has not come whole.
  var isEmpty: Bool { rest.isEmpty }

  /// Begins with what has come; `finish` must follow before `bytes` is gone.
  mutating func begin(_ bytes: Bytes) {
    isInRest = !rest.isEmpty
    if isInRest {
      rest.append(bytes)
      window = rest.bytes
    } else {
      window = bytes
    }
  }

  /// The next message, or `nil` if the next frame is not whole; what it borrows is good until the
  /// next call.
  mutating func next() throws(WireViolation) -> ServerMessage? {
    guard !window.isEmpty else { return nil }
    switch decoder.next(window) {
    case .needMore: return nil
    case .violation(let violation): throw violation
    case .message(let message, let consumed):
      window = Bytes(rebasing: window[consumed...])
      return message
    }
  }

  /// Keeps what was not decoded.
  mutating func finish() {
    if isInRest {
      rest.consume(rest.count - window.count)
      if rest.isEmpty { rest.reset(keeping: 1 << 16) }
    } else {
      rest.append(window)
    }
    window = .none
  }

  /// Forgets everything: the next bytes are those of a new connection.
  mutating func reset() {
    decoder = Generation2ReplyDecoder(limit: limit)
    rest.reset(keeping: 1 << 16)
    window = .none
    isInRest = false
  }
}
