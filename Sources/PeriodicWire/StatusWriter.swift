public import PeriodicCore

/// The answer to STATUS, put together row by row, so that a long one can be made over several
/// turns.
///
/// Rows come sorted by function name, which generation 2 and HTTP promise (PROTOCOL 2.7, 3.1). The
/// checksum is carried along; `finish` only copies.
public struct StatusWriter {
  private let form: StatusForm
  /// The body as far as it is known: for generation 2 with message id and command, because the
  /// checksum begins there.
  private var text: [UInt8] = []
  private var sum = CRC32()
  private var rows = 0

  public init(_ form: StatusForm) {
    self.form = form
    var head = ByteBuffer()
    switch form {
    case .generation1: break
    case .generation2(let message):
      head.append(uint32: UInt32(truncatingIfNeeded: message.number))
      head.append(uint8: CommandNumber.data)
    case .http(let context): if context.interface == .generation1 { head.append("{") }
    }
    take(head.bytes)
  }

  public mutating func append(_ row: StatusRow) {
    var line = ByteBuffer()
    switch form {
    case .generation1:
      StatusWriter.append(row, &line)
      line.append("\n")
    case .generation2: appendSix(row, &line)
    case .http(let context) where context.interface != .generation1: appendSix(row, &line)
    case .http:
      if rows > 0 { line.append(",") }
      line.append(jsonText: row.function)
      line.append(":")
      HTTPResponse.append(row, &line)
    }
    rows += 1
    take(line.bytes)
  }

  /// Writes the whole answer.
  public func finish(into buffer: inout ByteBuffer) {
    text.withUnsafeBytes { text in
      switch form {
      case .generation1(let message):
        Generation1.begin(message, payload: text.count, into: &buffer)
        buffer.append(text)
      case .generation2:
        buffer.append(uint32: Magic.response)
        buffer.append(uint32: UInt32(text.count))
        buffer.append(uint32: sum.value)
        buffer.append(text)
      case .http(let context):
        let isJSON = context.interface == .generation1
        HTTPResponse.begin(
          .ok, length: text.count + (isJSON ? 1 : 0), context, isJSON: isJSON, into: &buffer)
        if context.isHead { return }
        buffer.append(text)
        if isJSON { buffer.append("}") }
      }
    }
  }

  private mutating func take(_ bytes: Bytes) {
    if case .generation2 = form { sum.update(bytes) }
    text.append(contentsOf: bytes)
  }

  /// A line of generation 2.
  private func appendSix(_ row: StatusRow, _ line: inout ByteBuffer) {
    if rows > 0 { line.append("\n") }
    StatusWriter.append(row, &line)
    line.append(",")
    line.append(decimal: Int64(row.locked))
    line.append(",")
    line.append(decimal: row.scheduledAt)
  }

  /// The four fields that both generations have.
  private static func append(_ row: StatusRow, _ line: inout ByteBuffer) {
    line.append(row.function)
    for number in [row.workers, row.jobs, row.running] {
      line.append(",")
      line.append(decimal: Int64(number))
    }
  }
}
