import PeriodicCore

/// Checks the lines of a request's head as they arrive, before the parser sees them: their bounds,
/// and the forms that the parser lets pass although RFC 9112 forbids them (blanks before a colon,
/// folded lines, bare line ends).
struct HTTPHead {
  /// Bytes of the request line.
  static let requestLine = 16 << 10
  /// Bytes of all header lines.
  static let headers = 64 << 10
  /// Header fields.
  static let fields = 100
  /// Empty lines before the request line.
  private static let emptyLines = 2

  private(set) var isComplete = false
  private var line = 0
  /// Bytes in the present line so far.
  private var column = 0
  private var total = 0
  private var emptyLines = 0
  private var afterReturn = false
  private var isInName = false

  /// Whether a byte of the request line has come.
  var hasBegun: Bool { line > 0 || column > 0 }

  /// Checks the head's part of `bytes`; answers how long its good part is, and what is wrong then.
  mutating func take(_ bytes: Bytes) -> (length: Int, failure: HTTPFailure?) {
    var next = 0
    while next < bytes.count, !isComplete {
      if let failure = take(bytes[next]) { return (next, failure) }
      next += 1
    }
    return (next, nil)
  }

  private mutating func take(_ byte: UInt8) -> HTTPFailure? {
    if let failure = count() { return failure }
    if afterReturn != (byte == 0x0a) {
      return HTTPFailure(.badRequest, "a line does not end in CR LF")
    }
    switch byte {
    case 0x0d: afterReturn = true
    case 0x0a: return endLine()
    default:
      if line > 0, let failure = inField(byte) { return failure }
      column += 1
    }
    return nil
  }

  private mutating func count() -> HTTPFailure? {
    if line == 0 {
      return column > HTTPHead.requestLine
        ? HTTPFailure(.targetTooLong, "the request line is too long") : nil
    }
    total += 1
    return total > HTTPHead.headers
      ? HTTPFailure(.headersTooLarge, "the headers are too long") : nil
  }

  private mutating func inField(_ byte: UInt8) -> HTTPFailure? {
    let isBlank = byte == 0x20 || byte == 0x09
    if column == 0 {
      if isBlank { return HTTPFailure(.badRequest, "a header line is folded") }
      isInName = true
    }
    if isInName {
      if isBlank { return HTTPFailure(.badRequest, "a header name holds a blank") }
      if byte == UInt8(ascii: ":") { isInName = false }
    }
    return nil
  }

  private mutating func endLine() -> HTTPFailure? {
    if line == 0, column == 0 { return skipEmptyLine() }
    if line > 0, column == 0 { isComplete = true }
    line += 1
    column = 0
    afterReturn = false
    // The request line, the fields, and the empty line.
    return line > HTTPHead.fields + 1 && !isComplete
      ? HTTPFailure(.headersTooLarge, "there are too many headers") : nil
  }

  /// Old clients send a line end after a body, where the next request begins (RFC 9112, 2.2).
  private mutating func skipEmptyLine() -> HTTPFailure? {
    afterReturn = false
    emptyLines += 1
    return emptyLines > HTTPHead.emptyLines
      ? HTTPFailure(.badRequest, "the request is not HTTP") : nil
  }
}

extension HTTPFailure: Error {}
