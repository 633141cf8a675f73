public import PeriodicCore

/// Generation 2 as a client or worker speaks it.
extension Generation2 {
  /// The first frame of a connection. Name and token together have at most 65,519 bytes.
  public static func encodeRegistration(
    _ role: Role, identity: Identity? = nil, into buffer: inout ByteBuffer
  ) {
    let start = begin(Magic.request, &buffer)
    let type: UInt8 = role == .client ? 1 : 2
    buffer.append(uint8: identity == nil ? type : type + 2)
    if let identity {
      buffer.append(uint64: UInt64(identity.name.count))
      buffer.append(identity.name)
      buffer.append(uint64: UInt64(identity.token.count))
      buffer.append(identity.token)
    }
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
