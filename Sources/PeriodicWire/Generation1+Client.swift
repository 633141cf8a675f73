public import PeriodicCore

/// Generation 1 as a client or worker speaks it.
extension Generation1 {
  /// The first frame of a connection.
  public static func encodeRegistration(_ role: Role, into buffer: inout ByteBuffer) {
    buffer.append(uint32: Magic.request)
    buffer.append(uint32: 1)
    buffer.append(uint8: role == .client ? 1 : 2)
  }

  /// A request under a message id of at least one byte, which holds no separator. Commands of
  /// generation 2 only are our bug.
  public static func encode(
    _ command: Command, message: Bytes, into buffer: inout ByteBuffer
  ) {
    let start = buffer.count
    buffer.append(uint32: Magic.request)
    buffer.append(uint32: 0)
    buffer.append(message)
    appendSeparator(&buffer)
    append(command, &buffer)
    finish(start, &buffer)
  }

  private static func append(_ command: Command, _ buffer: inout ByteBuffer) {
    switch command {
    case .ping: buffer.append(uint8: CommandNumber.ping)
    case .sleep: buffer.append(uint8: CommandNumber.sleep)
    case .grab: buffer.append(uint8: CommandNumber.grab)
    case .status: buffer.append(uint8: CommandNumber.status)
    case .dump: buffer.append(uint8: CommandNumber.dump)
    case .canDo(let function): append(CommandNumber.canDo, function, &buffer)
    case .cannotDo(let function): append(CommandNumber.cannotDo, function, &buffer)
    case .drop(let function): append(CommandNumber.drop, function, &buffer)
    case .load(let list): append(CommandNumber.load, list, &buffer)
    case .submit(let job):
      append(CommandNumber.submit, .none, &buffer)
      append(job, &buffer)
    case .remove(let key):
      append(CommandNumber.remove, .none, &buffer)
      append(key, &buffer)
      buffer.append("}")
    case .done(let run, let data):
      append(CommandNumber.done, run, &buffer)
      if data.isEmpty { return }
      appendSeparator(&buffer)
      buffer.append(data)
    case .fail(let run): append(CommandNumber.fail, run, &buffer)
    case .later(let run, let delay, _):
      append(CommandNumber.later, run, &buffer)
      appendSeparator(&buffer)
      buffer.append(decimal: delay)
    case .undefined(let number), .serverOnly(let number): buffer.append(uint8: number)
    case .run, .receiveData, .getSetting, .setSetting, .shutdown, .broadcast, .assigned,
      .unassigned, .workData, .acquire, .release:
      fatalError("generation 1 has no such command")
    }
  }

  private static func append(_ number: UInt8, _ data: Bytes, _ buffer: inout ByteBuffer) {
    buffer.append(uint8: number)
    appendSeparator(&buffer)
    buffer.append(data)
  }

  private static func append(_ number: UInt8, _ run: RunReference, _ buffer: inout ByteBuffer) {
    guard case .id(let id) = run else { fatalError("generation 1 names runs by number") }
    append(number, .none, &buffer)
    buffer.append(decimal: Int64(id.number))
  }

  /// A job to submit; what is zero or empty is left out.
  private static func append(_ job: JobFields, _ buffer: inout ByteBuffer) {
    append(job.key, &buffer)
    if !job.workload.isEmpty {
      buffer.append(",\"workload\":")
      buffer.append(jsonText: job.workload)
    }
    if job.timeout != 0 {
      buffer.append(",\"timeout\":")
      buffer.append(decimal: Int64(job.timeout))
    }
    if job.scheduledAt != 0 {
      buffer.append(",\"sched_at\":")
      buffer.append(decimal: job.scheduledAt)
    }
    buffer.append("}")
  }

  /// The start of a job's object, without the closing brace.
  private static func append(_ key: JobKey, _ buffer: inout ByteBuffer) {
    buffer.append("{\"func\":")
    buffer.append(jsonText: key.function)
    buffer.append(",\"name\":")
    buffer.append(jsonText: key.name)
  }
}
