public import PeriodicCore

/// The answer to DUMP, put together job by job, so that a long one can be made over several turns
/// (PROTOCOL 2.10). Over HTTP it is lines of JSON in chunks, each as soon as it is full.
///
/// Generation 1 sends a frame for each hundred jobs, each as soon as it is full. Generation 2 has
/// one frame for all, whose checksum is carried along; it is handed over by `finish`.
public final class DumpWriter {
  /// Jobs in one frame of generation 1, as the Go server has it.
  private static let jobsInFrame = 100
  /// Text from which on a frame of generation 1 takes no more jobs.
  private static let textInFrame = 1 << 20

  /// Bytes from which on a chunk of lines takes no more jobs.
  private static let textInChunk = 64 << 10

  private let form: DumpForm
  private let limit: Int
  private var jobs = 0
  /// Generation 1: the frame in the making. Generation 2: all of it, with room for what goes
  /// before.
  private var text = ByteBuffer()
  private var sum = CRC32()
  private var isTooLong = false

  /// Whether the answer is a refusal already, whatever else there is.
  public var isOverLimit: Bool { isTooLong }

  /// - Parameter limit: bytes of a generation 2 body; a longer dump is refused, not cut.
  public init(_ form: DumpForm, limit: Int) {
    self.form = form
    self.limit = limit
    if case .generation2 = form {
      for _ in 0..<DumpWriter.head { text.append(uint8: 0) }
    }
  }

  /// Adds a job. Full frames of generation 1 go to `buffer`.
  public func append(_ job: Assignment, isRunning: Bool, into buffer: inout ByteBuffer) {
    switch form {
    case .generation1(let message):
      text.append(jobs == 0 ? "{\"jobs\":[" : ",")
      Generation1.append(job, isRunning: isRunning, &text)
      jobs += 1
      if jobs == DumpWriter.jobsInFrame || text.count >= DumpWriter.textInFrame {
        endFrame(message, &buffer)
      }
    case .generation2: append(job.job)
    case .lines(let context):
      JobFile.append(lineOf: job.job, to: &text)
      if text.count >= DumpWriter.textInChunk { endChunk(context, &buffer) }
    }
  }

  /// Ends the answer. In generation 2 a dump over the limit is answered UNKNOWN.
  public func finish(into buffer: inout ByteBuffer) {
    switch form {
    case .generation1(let message):
      if jobs > 0 { endFrame(message, &buffer) }
      Generation1.begin(message, payload: 3, into: &buffer)
      buffer.append("EOF")
    case .generation2(let message):
      if isTooLong {
        let refusal = Refusal.limit(.frameBytes, value: limit)
        Generation2.encode(.refused(refusal), message, into: &buffer)
      } else {
        endList(message, &buffer)
      }
    case .lines(let context):
      if !text.isEmpty { endChunk(context, &buffer) }
      if context.takesChunks, !context.isHead { buffer.append("0\r\n\r\n") }
    }
  }

  private func endFrame(_ message: [UInt8], _ buffer: inout ByteBuffer) {
    text.append("]}")
    Generation1.begin(message, payload: text.count, into: &buffer)
    buffer.append(text.bytes)
    text.reset(keeping: 2 * DumpWriter.textInFrame)
    jobs = 0
  }

  // MARK: Lines

  /// What goes before the first job: for HTTP the head of the answer.
  public func begin(into buffer: inout ByteBuffer) {
    guard case .lines(let context) = form else { return }
    HTTPResponse.beginLines(context, into: &buffer)
  }

  private func endChunk(_ context: HTTPReplyContext, _ buffer: inout ByteBuffer) {
    if context.takesChunks {
      buffer.append(text: String(text.count, radix: 16))
      buffer.append("\r\n")
    }
    buffer.append(text.bytes)
    if context.takesChunks { buffer.append("\r\n") }
    text.reset(keeping: 2 * DumpWriter.textInChunk)
  }

  // MARK: Generation 2

  /// Frame header, message id, command, and the number of jobs.
  private static let head = Generation2.headerLength + 4 + 1 + 8

  private func append(_ job: JobFields) {
    if isTooLong { return }
    let start = text.count
    Generation2.append(job, Generation2.version(of: job), &text)
    sum.update(Bytes(rebasing: text.bytes[start...]))
    jobs += 1
    if text.count - Generation2.headerLength > limit {
      isTooLong = true
      text.reset(keeping: 0)
    }
  }

  private func endList(_ message: MessageID, _ buffer: inout ByteBuffer) {
    let body = text.count - Generation2.headerLength
    var head = ByteBuffer()
    head.append(uint32: UInt32(truncatingIfNeeded: message.number))
    head.append(uint8: CommandNumber.data)
    head.append(uint64: UInt64(jobs))
    let listed = text.count - DumpWriter.head
    let checksum = CRC32.joined(CRC32.of(head.bytes), sum.value, length: listed)
    var header = ByteBuffer()
    header.append(uint32: Magic.response)
    header.append(uint32: UInt32(body))
    header.append(uint32: checksum)
    header.append(head.bytes)
    text.put(header.bytes, at: 0)
    // A large dump changes hands instead of being copied.
    if buffer.isEmpty { swap(&buffer, &text) } else { buffer.append(text.bytes) }
    text.reset(keeping: 0)
  }
}
