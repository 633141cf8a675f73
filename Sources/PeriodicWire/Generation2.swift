public import PeriodicCore

/// Generation 2 on the wire: magic, length, CRC-32, body (PROTOCOL 1.2).
public enum Generation2 {
  /// Bytes before a frame's body.
  public static let headerLength = 12

  /// The bit above the four bytes of a message id that marks the request as RUN_JOB, whose every
  /// refusal is NO_WORKER: a client would take UNKNOWN for the job's result.
  private static let runMark: UInt64 = 1 << 32

  /// The message id of a request. Its low 32 bits are the four bytes on the wire.
  static func messageID(_ number: UInt32, _ kind: UInt8) -> MessageID {
    MessageID(UInt64(number) | (kind == CommandNumber.run ? runMark : 0))
  }

  /// Whether all four bytes are lower-case hexadecimal digits, as the 0.2 Python workers choose
  /// them.
  public static func isFourHexDigits(_ message: MessageID) -> Bool {
    for shift in [24, 16, 8, 0] as [UInt64] {
      let byte = UInt8(truncatingIfNeeded: message.number >> shift)
      let isDigit = (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66)
      if !isDigit { return false }
    }
    return true
  }

  // MARK: From the server

  /// The answer to a registration: DATA with four bytes and no message id.
  public static func encodeConnectionID(_ id: UInt32, into buffer: inout ByteBuffer) {
    let start = begin(Magic.response, &buffer)
    buffer.append(uint8: CommandNumber.data)
    buffer.append(uint32: id)
    finish(start, &buffer)
  }

  /// The most frequent reply.
  public static func encodeSuccess(_ message: MessageID, into buffer: inout ByteBuffer) {
    if message != .none { append(CommandNumber.success, message, &buffer) }
  }

  /// One reply under the id of its request; nothing for `MessageID.none`.
  public static func encode(
    _ reply: Reply, _ message: MessageID, into buffer: inout ByteBuffer
  ) {
    if message == .none { return }
    switch reply {
    case .success: return encodeSuccess(message, into: &buffer)
    case .pong: return append(CommandNumber.pong, message, &buffer)
    case .noop: return append(CommandNumber.noop, message, &buffer)
    case .noWorker: return append(CommandNumber.noWorker, message, &buffer)
    case .refused(let refusal): return append(number(of: refusal, message), message, &buffer)
    case .assign, .data, .acquired, .setting: break
    }
    let start = begin(Magic.response, &buffer)
    buffer.append(uint32: UInt32(truncatingIfNeeded: message.number))
    switch reply {
    case .assign(let assignment):
      buffer.append(uint8: CommandNumber.assign)
      append(assignment.job, assignedVersion(of: assignment.job), &buffer)
    case .data(let bytes):
      buffer.append(uint8: CommandNumber.data)
      buffer.append(bytes)
    case .acquired(let isHeld):
      buffer.append(uint8: CommandNumber.acquired)
      buffer.append(uint8: isHeld ? 1 : 0)
    case .setting(let value):
      buffer.append(uint8: CommandNumber.config)
      buffer.append(uint32: value)
    default: break
    }
    finish(start, &buffer)
  }

  /// JOB_ASSIGN or DATA without the workload or the data, which are to be sent between what is
  /// written here and the last bytes of it.
  ///
  /// - Returns: how many bytes come after them.
  public static func encode(
    _ reply: Reply, around shared: SharedBytes, _ message: MessageID,
    into buffer: inout ByteBuffer
  ) -> Int {
    let start = begin(Magic.response, &buffer)
    buffer.append(uint32: UInt32(truncatingIfNeeded: message.number))
    var cut = 0
    if case .assign(let assignment) = reply {
      buffer.append(uint8: CommandNumber.assign)
      appendHead(assignment.job, &buffer)
      cut = buffer.count
      appendTail(assignment.job, assignedVersion(of: assignment.job), &buffer)
    } else {
      buffer.append(uint8: CommandNumber.data)
      cut = buffer.count
    }
    let all = buffer.bytes
    let (head, tail) = (all[(start + headerLength)..<cut], all[cut...])
    let (count, rest) = (shared.bytes.count, tail.count)
    let front = CRC32.joined(CRC32.of(Bytes(rebasing: head)), shared.sum, length: count)
    let sum = CRC32.joined(front, CRC32.of(Bytes(rebasing: tail)), length: rest)
    buffer.put(uint32: UInt32(head.count + count + rest), at: start + 4)
    buffer.put(uint32: sum, at: start + 8)
    return rest
  }

  /// A worker is always told its time limit, so versions 2 and 3 are all it sees.
  private static func assignedVersion(of job: JobFields) -> UInt8 { job.count == 0 ? 2 : 3 }

  /// Generation 2 has no words for a refusal: a missing job counts as removed, a wrong role hears
  /// NO_WORKER, everything else UNKNOWN (PROTOCOL 1.4, 2.8).
  private static func number(of refusal: Refusal, _ message: MessageID) -> UInt8 {
    switch refusal {
    case .noSuchJob: CommandNumber.success
    case .wrongRole, .notAllowed: CommandNumber.noWorker
    default: message.number & runMark == 0 ? CommandNumber.unknown : CommandNumber.noWorker
    }
  }

  // MARK: Frames

  /// A frame without arguments, which most replies are: written as a whole.
  private static func append(_ kind: UInt8, _ message: MessageID, _ buffer: inout ByteBuffer) {
    let frame = buffer.extend(by: headerLength + 5)
    let body = frame + headerLength
    let number = UInt32(truncatingIfNeeded: message.number)
    body.storeBytes(of: number.bigEndian, as: UInt32.self)
    body.storeBytes(of: kind, toByteOffset: 4, as: UInt8.self)
    let sum = CRC32.of(Bytes(start: body, count: 5))
    frame.storeBytes(of: Magic.response.bigEndian, as: UInt32.self)
    frame.storeBytes(of: UInt32(5).bigEndian, toByteOffset: 4, as: UInt32.self)
    frame.storeBytes(of: sum.bigEndian, toByteOffset: 8, as: UInt32.self)
  }

  /// Leaves room for a header; `finish` fills it in.
  static func begin(_ magic: UInt32, _ buffer: inout ByteBuffer) -> Int {
    let start = buffer.count
    buffer.reserve(64)
    buffer.append(uint32: magic)
    buffer.append(uint64: 0)
    return start
  }

  static func finish(_ start: Int, _ buffer: inout ByteBuffer) {
    let all = buffer.bytes
    let body = Bytes(rebasing: all[(start + headerLength)...])
    let sum = CRC32.of(body)
    buffer.put(uint32: UInt32(body.count), at: start + 4)
    buffer.put(uint32: sum, at: start + 8)
  }

  static func append(_ job: JobFields, _ version: UInt8, _ buffer: inout ByteBuffer) {
    appendHead(job, &buffer)
    buffer.append(job.workload)
    appendTail(job, version, &buffer)
  }

  private static func appendHead(_ job: JobFields, _ buffer: inout ByteBuffer) {
    buffer.append(bytes8: job.key.function)
    buffer.append(bytes8: job.key.name)
    buffer.append(uint32: UInt32(job.workload.count))
  }

  private static func appendTail(
    _ job: JobFields, _ version: UInt8, _ buffer: inout ByteBuffer
  ) {
    buffer.append(uint64: UInt64(bitPattern: job.scheduledAt))
    buffer.append(uint8: version)
    if version & 1 != 0 { buffer.append(uint32: UInt32(bitPattern: job.count)) }
    if version & 2 != 0 { buffer.append(uint32: UInt32(bitPattern: job.timeout)) }
  }

  /// The smallest version that holds the fields that are not zero.
  static func version(of job: JobFields) -> UInt8 {
    (job.count == 0 ? 0 : 1) | (job.timeout == 0 ? 0 : 2)
  }
}
