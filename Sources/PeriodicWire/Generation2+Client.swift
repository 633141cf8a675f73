public import PeriodicCore

/// Generation 2 as a client or worker speaks it.
extension Generation2 {
  /// The first frame of a connection.
  public static func encodeRegistration(_ role: Role, into buffer: inout ByteBuffer) {
    let start = begin(Magic.request, &buffer)
    buffer.append(uint8: role == .client ? 1 : 2)
    finish(start, &buffer)
  }

  /// A request under a message id of four bytes. Commands that only a server sends are our bug.
  public static func encode(
    _ command: Command, message: UInt32, into buffer: inout ByteBuffer
  ) {
    let start = begin(Magic.request, &buffer)
    buffer.append(uint32: message)
    append(command, &buffer)
    finish(start, &buffer)
  }

  private static func append(_ command: Command, _ buffer: inout ByteBuffer) {
    switch command {
    case .ping: buffer.append(uint8: CommandNumber.ping)
    case .sleep: buffer.append(uint8: CommandNumber.sleep)
    case .grab: buffer.append(uint8: CommandNumber.grab)
    case .assigned: buffer.append(uint8: CommandNumber.assigned)
    case .unassigned: buffer.append(uint8: CommandNumber.unassigned)
    case .status: buffer.append(uint8: CommandNumber.status)
    case .dump: buffer.append(uint8: CommandNumber.dump)
    case .shutdown: buffer.append(uint8: CommandNumber.shutdown)
    case .submit(let job): append(CommandNumber.submit, job, &buffer)
    case .run(let job): append(CommandNumber.run, job, &buffer)
    case .receiveData(let job): append(CommandNumber.receiveData, job, &buffer)
    case .canDo(let function): append(CommandNumber.canDo, function, &buffer)
    case .cannotDo(let function): append(CommandNumber.cannotDo, function, &buffer)
    case .broadcast(let function): append(CommandNumber.broadcast, function, &buffer)
    case .drop(let function): append(CommandNumber.drop, function, &buffer)
    case .getSetting(let key): append(CommandNumber.configGet, key, &buffer)
    case .setSetting(let key, let value):
      append(CommandNumber.configSet, key, &buffer)
      buffer.append(uint32: value)
    case .remove(let key):
      buffer.append(uint8: CommandNumber.remove)
      append(.key(key), &buffer)
    case .load(let list):
      buffer.append(uint8: CommandNumber.load)
      buffer.append(list)
    case .done, .fail, .later, .workData, .acquire, .release: appendReport(command, &buffer)
    case .undefined(let number), .serverOnly(let number): buffer.append(uint8: number)
    }
  }

  private static func appendReport(_ command: Command, _ buffer: inout ByteBuffer) {
    switch command {
    case .done(let run, let data):
      buffer.append(uint8: CommandNumber.done)
      append(run, &buffer)
      buffer.append(data)
    case .workData(let run, let data):
      buffer.append(uint8: CommandNumber.workData)
      append(run, &buffer)
      buffer.append(data)
    case .later(let run, let delay, let step):
      buffer.append(uint8: CommandNumber.later)
      append(run, &buffer)
      buffer.append(uint64: UInt64(bitPattern: delay))
      buffer.append(uint16: step)
    case .acquire(let lock, let capacity, let run):
      append(CommandNumber.acquire, lock, &buffer)
      buffer.append(uint16: capacity)
      append(run, &buffer)
    case .release(let lock, let run):
      append(CommandNumber.release, lock, &buffer)
      append(run, &buffer)
    case .fail(let run):
      buffer.append(uint8: CommandNumber.fail)
      append(run, &buffer)
    default: fatalError("not a report")
    }
  }

  private static func append(_ number: UInt8, _ job: JobFields, _ buffer: inout ByteBuffer) {
    buffer.append(uint8: number)
    append(job, version(of: job), &buffer)
  }

  private static func append(_ number: UInt8, _ name: Bytes, _ buffer: inout ByteBuffer) {
    buffer.append(uint8: number)
    buffer.append(bytes8: name)
  }

  private static func append(_ run: RunReference, _ buffer: inout ByteBuffer) {
    guard case .key(let key) = run else { fatalError("generation 2 names runs by job") }
    buffer.append(bytes8: key.function)
    buffer.append(bytes8: key.name)
  }
}

/// What a server said.
public enum ServerMessage {
  /// The registration is accepted: DATA without a message id.
  case connectionID(UInt32)
  case success(MessageID)
  case pong(MessageID)
  case noop(MessageID)
  case unknown(MessageID)
  case noWorker(MessageID)
  /// Only servers before 2019 said so; to be ignored.
  case noJob(MessageID)
  case data(MessageID, Bytes)
  case setting(MessageID, UInt32)
  case acquired(MessageID, Bool)
  case assign(MessageID, JobFields)
  /// A command that a server does not send; to be ignored.
  case other(MessageID, UInt8)
}

/// The server's frames as a client or worker reads them. Foreign servers of 2019 and later greet with
/// any first frame, so the first frame is the greeting whatever it holds (PROTOCOL 1.4).
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
      guard let message = Generation2ReplyDecoder.message(body) else {
        return .violation(.shortBody)
      }
      return .message(message, consumed: used)
    }
  }

  private static func message(_ body: Bytes) -> ServerMessage? {
    var reader = ByteReader(body)
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
    default: return .other(id, kind)
    }
  }
}
