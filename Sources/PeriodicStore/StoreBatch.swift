public import PeriodicCore

/// Operations on their way to the store, with the bytes they speak of: one owner, one allocation,
/// and beside it the large workloads, which are shared.
///
/// The commit gate fills a batch on the loop thread and hands it to the store thread, which reads
/// it and hands it back empty of duty; nobody touches it from two threads.
public final class StoreBatch {
  private enum Kind: UInt8 {
    case put, reschedule, delete, addFunction, dropFunction, dropFinished, reserve, setSetting
    case addMetric
  }

  private var content = ByteBuffer()
  /// Workloads of `put`s that are large, in their order.
  private var shared: [SharedBytes] = []
  private var sharedCount = 0
  /// Operations in the batch.
  public private(set) var count = 0
  /// Whether it has something that is given up when it cannot be written: jobs, and metrics.
  public private(set) var isRefusable = false
  /// About what all jobs of the store take with this batch applied, where the owner knows.
  public var liveBytes: Int?

  public init() {}

  public var isEmpty: Bool { count == 0 }
  /// Bytes in the batch.
  public var byteCount: Int { content.count + sharedCount }

  /// Copies one operation, and the bytes it borrows, to the end of the batch.
  public func append(_ operation: StoreOperation) {
    count += 1
    switch operation {
    case .put(let stored):
      isRefusable = true
      append(stored)
    case .reschedule(let id, let scheduledAt, let due, let runs, let previousRunAt):
      start(.reschedule, id.number)
      append(scheduledAt)
      append(due)
      content.append(uint32: UInt32(bitPattern: runs))
      append(previousRunAt)
    case .delete(let id): start(.delete, id.number)
    case .addFunction(let name):
      start(.addFunction, 0)
      content.append(bytes32: name)
    case .dropFunction(let name, let last):
      start(.dropFunction, last.number)
      content.append(bytes32: name)
    case .dropFinished(let name, let last):
      start(.dropFinished, last.number)
      content.append(bytes32: name)
    case .reserve(let limit): start(.reserve, limit)
    case .setSetting(let key, let value):
      start(.setSetting, UInt64(value))
      content.append(bytes32: key)
    case .addMetric(let event, let time):
      isRefusable = true
      start(.addMetric, UInt64(bitPattern: event.milliseconds))
      append(time)
      withBytes(of: event.kind.rawValue) { content.append(bytes32: $0) }
      content.append(bytes32: event.name)
    }
  }

  /// Calls `body` with each operation in order; what it borrows is the batch's.
  public func forEach<Failure: Error>(
    _ body: (StoreOperation) throws(Failure) -> Void
  ) throws(Failure) {
    var reader = ByteReader(content.bytes)
    var large = shared[...]
    while !reader.isAtEnd {
      guard let operation = StoreBatch.next(&reader, &large) else {
        fatalError("a batch holds whole operations")
      }
      try body(operation)
    }
  }

  /// Empties the batch and keeps up to `keep` bytes of its memory.
  public func removeAll(keeping keep: Int = 1 << 20) {
    content.reset(keeping: keep)
    shared = []
    sharedCount = 0
    count = 0
    isRefusable = false
    liveBytes = nil
  }

  private func start(_ kind: Kind, _ number: UInt64) {
    content.append(uint8: kind.rawValue)
    content.append(uint64: number)
  }

  private func append(_ value: Int64) { content.append(uint64: UInt64(bitPattern: value)) }

  private func append(_ stored: StoredJob) {
    start(.put, stored.id.number)
    append(stored.due)
    append(stored.previousRunAt)
    append(stored.job.scheduledAt)
    content.append(uint32: UInt32(bitPattern: stored.job.timeout))
    content.append(uint32: UInt32(bitPattern: stored.job.count))
    content.append(uint8: stored.job.origin.rawValue)
    content.append(bytes32: stored.job.key.function)
    content.append(bytes32: stored.job.key.name)
    let workload = stored.job.workload
    content.append(uint32: UInt32(workload.count))
    if workload.count < SharedBytes.least { return content.append(workload) }
    shared.append(stored.job.shared?.takeUnretainedValue() ?? SharedBytes(copying: workload))
    sharedCount += workload.count
  }

  private static func next(
    _ reader: inout ByteReader, _ large: inout ArraySlice<SharedBytes>
  ) -> StoreOperation? {
    guard let byte = reader.uint8(), let kind = Kind(rawValue: byte),
      let number = reader.uint64()
    else { return nil }
    switch kind {
    case .put: return job(JobID(number), &reader, &large).map { .put($0) }
    case .delete: return .delete(JobID(number))
    case .reserve: return .reserve(upTo: number)
    case .addFunction: return reader.bytes32().map { .addFunction($0) }
    case .dropFunction: return reader.bytes32().map { .dropFunction($0, upTo: JobID(number)) }
    case .dropFinished: return reader.bytes32().map { .dropFinished($0, upTo: JobID(number)) }
    case .setSetting:
      return reader.bytes32().map { .setSetting(key: $0, value: UInt32(number)) }
    case .addMetric:
      guard let time = reader.int64(), let word = reader.bytes32(),
        let kind = EngineEvent.Kind(rawValue: word.text), let name = reader.bytes32()
      else { return nil }
      let event = EngineEvent(kind, name, milliseconds: Int64(bitPattern: number))
      return .addMetric(event, at: time)
    case .reschedule:
      guard let scheduledAt = reader.int64(), let due = reader.int64(),
        let runs = reader.uint32(), let previousRunAt = reader.int64()
      else { return nil }
      return .reschedule(
        JobID(number), scheduledAt: scheduledAt, due: due, count: Int32(bitPattern: runs),
        previousRunAt: previousRunAt)
    }
  }

  private static func job(
    _ id: JobID, _ reader: inout ByteReader, _ large: inout ArraySlice<SharedBytes>
  ) -> StoredJob? {
    guard let due = reader.int64(), let previousRunAt = reader.int64(),
      let scheduledAt = reader.int64(), let timeout = reader.uint32(),
      let runs = reader.uint32(), let origin = reader.uint8().flatMap(JobOrigin.init),
      let function = reader.bytes32(), let name = reader.bytes32(),
      let length = reader.uint32().map(Int.init)
    else { return nil }
    let shared = length < SharedBytes.least ? nil : large.popFirst()
    guard let workload = shared?.bytes ?? reader.bytes(length) else { return nil }
    var fields = JobFields(
      key: JobKey(function: function, name: name), workload: workload,
      scheduledAt: scheduledAt, timeout: Int32(bitPattern: timeout),
      count: Int32(bitPattern: runs), origin: origin)
    fields.shared = shared.map { .passUnretained($0) }
    return StoredJob(id: id, job: fields, due: due, previousRunAt: previousRunAt)
  }
}

extension ByteReader {
  fileprivate mutating func int64() -> Int64? { uint64().map(Int64.init(bitPattern:)) }
}
