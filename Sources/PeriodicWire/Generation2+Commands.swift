import PeriodicCore

extension Generation2 {
  /// The arguments of one command; `nil` if the body is too short for them. Bytes left over are the
  /// caller's to notice.
  static func command(_ kind: UInt8, _ reader: inout ByteReader) -> Command? {
    switch kind {
    case CommandNumber.grab: return .grab(confirms: true)
    case CommandNumber.sleep: return .sleep
    case CommandNumber.ping: return .ping
    case CommandNumber.status: return .status
    case CommandNumber.dump: return .dump
    case CommandNumber.shutdown: return .shutdown
    case CommandNumber.assigned: return .assigned
    case CommandNumber.unassigned: return .unassigned
    case CommandNumber.submit: return job(&reader).map { .submit($0) }
    case CommandNumber.run: return job(&reader).map { .run($0) }
    case CommandNumber.receiveData: return job(&reader).map { .receiveData($0) }
    case CommandNumber.canDo: return reader.bytes8().map { .canDo(function: $0) }
    case CommandNumber.cannotDo: return reader.bytes8().map { .cannotDo(function: $0) }
    case CommandNumber.broadcast: return reader.bytes8().map { .broadcast(function: $0) }
    case CommandNumber.drop: return reader.bytes8().map { .drop(function: $0) }
    case CommandNumber.remove: return key(&reader).map { .remove($0) }
    case CommandNumber.load: return jobList(&reader).map { .load($0) }
    case CommandNumber.configGet: return reader.bytes8().map { .getSetting(key: $0) }
    case CommandNumber.configSet:
      guard let key = reader.bytes8(), let value = reader.uint32() else { return nil }
      return .setSetting(key: key, value: value)
    case CommandNumber.done, CommandNumber.fail, CommandNumber.later, CommandNumber.workData,
      CommandNumber.acquire, CommandNumber.release:
      return report(kind, &reader)
    case CommandNumber.noop, CommandNumber.assign, CommandNumber.noJob, CommandNumber.pong,
      CommandNumber.unknown, CommandNumber.success, CommandNumber.config,
      CommandNumber.acquired, CommandNumber.noWorker, CommandNumber.data:
      _ = reader.rest()
      return .serverOnly(kind)
    default:
      _ = reader.rest()
      return .undefined(kind)
    }
  }

  private static func report(_ kind: UInt8, _ reader: inout ByteReader) -> Command? {
    if kind == CommandNumber.acquire {
      guard let lock = reader.bytes8(), let capacity = reader.uint16(), let key = key(&reader)
      else { return nil }
      return .acquire(lock: lock, capacity: max(1, capacity), .key(key))
    }
    if kind == CommandNumber.release {
      guard let lock = reader.bytes8(), let key = key(&reader) else { return nil }
      return .release(lock: lock, .key(key))
    }
    guard let key = key(&reader) else { return nil }
    switch kind {
    case CommandNumber.done: return .done(.key(key), data: reader.rest())
    case CommandNumber.workData: return .workData(.key(key), data: reader.rest())
    case CommandNumber.later:
      guard let delay = reader.uint64(), let step = reader.uint16() else { return nil }
      return .later(.key(key), delay: Int64(bitPattern: delay), step: step)
    default: return .fail(.key(key))
    }
  }

  static func key(_ reader: inout ByteReader) -> JobKey? {
    guard let function = reader.bytes8(), let name = reader.bytes8() else { return nil }
    return JobKey(function: function, name: name)
  }

  /// A job in its four versions: bit 0 a count, bit 1 a time limit; an unknown version is read as
  /// 0.
  static func job(_ reader: inout ByteReader) -> JobFields? {
    guard let key = key(&reader), let workload = reader.bytes32(), let time = reader.uint64(),
      let version = reader.uint8()
    else { return nil }
    var job = JobFields(
      key: key, workload: workload, scheduledAt: Int64(bitPattern: time), origin: .generation2)
    if version == 1 || version == 3 {
      guard let count = reader.uint32() else { return nil }
      job.count = Int32(bitPattern: count)
    }
    if version == 2 || version == 3 {
      guard let timeout = reader.uint32() else { return nil }
      job.timeout = max(0, Int32(bitPattern: timeout))
    }
    return job
  }

  /// A counted list of jobs. Its jobs are checked one by one as they are taken off, because a long
  /// list would take too long here; see `Generation2JobList`.
  private static func jobList(_ reader: inout ByteReader) -> Bytes? {
    let list = reader.rest()
    var head = ByteReader(list)
    guard let count = head.uint64(),
      count <= UInt64(head.remaining / Generation2JobList.shortestJob)
    else { return nil }
    return list
  }
}
