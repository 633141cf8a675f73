public import PeriodicCore

/// Generation 1 on the wire: magic, length, and a payload of pieces with separators (PROTOCOL 1.1).
public enum Generation1 {
  /// Bytes before a frame's payload.
  static let headerLength = 8

  /// Whether the table of PROTOCOL 2.1 has no reply to `command`: its clients have forgotten the
  /// message id by then, and stop at a reply to it.
  public static func hasNoReply(_ command: Command) -> Bool {
    switch command {
    case .canDo, .cannotDo, .done, .fail, .later, .load, .serverOnly: true
    default: false
    }
  }

  /// Bytes of the whole frame at the front of `bytes`, which has been encoded here; 0 if there is
  /// none.
  public static func lengthOfFrame(_ bytes: Bytes) -> Int {
    var reader = ByteReader(bytes)
    guard reader.uint32() != nil, let length = reader.uint32() else { return 0 }
    return headerLength + Int(length)
  }

  /// The start of a frame to a client, up to and with the separator after the message id.
  static func begin(_ message: [UInt8], payload: Int, into buffer: inout ByteBuffer) {
    message.withUnsafeBytes { begin($0, payload: payload, into: &buffer) }
  }

  static func begin(_ message: Bytes, payload: Int, into buffer: inout ByteBuffer) {
    buffer.reserve(headerLength + message.count + 2 + payload)
    buffer.append(uint32: Magic.response)
    buffer.append(uint32: UInt32(message.count + 2 + payload))
    buffer.append(message)
    appendSeparator(&buffer)
  }

  /// Fills in the length of the frame that began at `start`.
  static func finish(_ start: Int, _ buffer: inout ByteBuffer) {
    buffer.put(uint32: UInt32(buffer.count - start - headerLength), at: start + 4)
  }

  static func appendSeparator(_ buffer: inout ByteBuffer) { buffer.append(uint16: 0x0001) }

  /// What follows the separator after the message id.
  static func append(_ reply: Reply, _ buffer: inout ByteBuffer) {
    switch reply {
    case .success: buffer.append(uint8: CommandNumber.success)
    case .pong: buffer.append(uint8: CommandNumber.pong)
    case .noop: buffer.append(uint8: CommandNumber.noop)
    case .assign(let assignment):
      buffer.append(uint8: CommandNumber.assign)
      appendSeparator(&buffer)
      buffer.append(decimal: Int64(assignment.id.number))
      appendSeparator(&buffer)
      append(assignment, isRunning: false, &buffer)
    // STATUS and DUMP are answered by a text without a command byte.
    case .data(let text): buffer.append(text)
    case .refused(let refusal): append(refusal, &buffer)
    // Only generation 2 asks what these answer.
    case .noWorker, .acquired, .setting: buffer.append(uint8: CommandNumber.unknown)
    }
  }

  /// UNKNOWN, and why; a wrong command or role is what the bare word says.
  private static func append(_ refusal: Refusal, _ buffer: inout ByteBuffer) {
    buffer.append(uint8: CommandNumber.unknown)
    if refusal == .unknownCommand || refusal == .wrongRole { return }
    appendSeparator(&buffer)
    buffer.append(text: refusal.text)
  }

  /// The job as JSON, its keys in the order of the Go server's. A job that is handed out is still
  /// called ready (PROTOCOL 2.1).
  static func append(_ item: Assignment, isRunning: Bool, _ buffer: inout ByteBuffer) {
    buffer.append("{\"job_id\":")
    buffer.append(decimal: Int64(item.id.number))
    buffer.append(",\"name\":")
    buffer.append(jsonText: item.job.key.name)
    buffer.append(",\"func\":")
    buffer.append(jsonText: item.job.key.function)
    buffer.append(",\"workload\":")
    buffer.append(jsonText: item.job.workload)
    buffer.append(",\"timeout\":")
    buffer.append(decimal: Int64(item.job.timeout))
    buffer.append(",\"sched_at\":")
    buffer.append(decimal: item.job.scheduledAt)
    buffer.append(",\"run_at\":")
    buffer.append(decimal: item.previousRunAt)
    buffer.append(",\"status\":")
    buffer.append(isRunning ? "\"processing\"}" : "\"ready\"}")
  }
}
