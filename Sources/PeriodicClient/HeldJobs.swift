import PeriodicCore

/// The jobs that a worker has in hand, each with its bytes in a block that does not move.
///
/// A place is used again, with a new generation, and so is its block while that is small.
struct HeldJobs: ~Copyable {
  enum State: UInt8 {
    case free
    /// Received, and not taken by the user.
    case queued
    case taken
    /// Taken, but given back by the server, or of a connection that is gone.
    case lost
    /// The server has taken it back; only its bytes are still here.
    case surrendered
  }

  struct Record: BitwiseCopyable {
    var state = State.free
    var generation: UInt32 = 0
    /// The place of the grab that it came on.
    var slot: UInt32 = 0
    var function = 0
    var name = 0
    var workload = 0
    var scheduledAt: Int64 = 0
    var timeout: Int32 = 0
    var count: Int32 = 0
    var leaseEnd: Int64 = .max
    var block: UnsafeMutableRawPointer?
    var capacity = 0
  }

  private var records: [Record] = []
  private var free: [UInt32] = []
  private var surrendered: [UInt32] = []
  /// Blocks up to this size wait in their place for the next job.
  private static var keptBlock: Int { 4096 }

  /// Jobs in hand, in any state.
  var count: Int { records.count - free.count - surrendered.count }

  deinit {
    for record in records { record.block?.deallocate() }
  }

  /// Copies a job and keeps it as queued.
  mutating func insert(_ job: JobFields, slot: UInt32, at now: Now) -> UInt32 {
    let index = free.popLast() ?? UInt32(records.count)
    if index == UInt32(records.count) { records.append(Record()) }
    var record = records[Int(index)]
    record.state = .queued
    record.generation &+= 1
    record.slot = slot
    record.scheduledAt = job.scheduledAt
    record.timeout = job.timeout
    record.count = job.count
    record.leaseEnd =
      job.timeout > 0
      ? now.monotonic.addingSaturated(Int64(job.timeout).secondsInMilliseconds) : .max
    HeldJobs.copy(job, into: &record)
    records[Int(index)] = record
    return index
  }

  mutating func remove(_ index: UInt32) {
    let place = Int(index)
    records[place].state = .free
    if records[place].capacity > HeldJobs.keptBlock {
      records[place].block?.deallocate()
      records[place].block = nil
      records[place].capacity = 0
    }
    free.append(index)
  }

  /// The job is the server's again, and in hand until it is reported.
  mutating func lose(_ index: UInt32) { records[Int(index)].state = .lost }

  /// The job is no longer in hand; its bytes stay until `reclaim`.
  mutating func surrender(_ index: UInt32) {
    records[Int(index)].state = .surrendered
    surrendered.append(index)
  }

  mutating func reclaim() {
    while let index = surrendered.popLast() { remove(index) }
  }

  func state(_ index: UInt32) -> State { records[Int(index)].state }
  func slot(_ index: UInt32) -> UInt32 { records[Int(index)].slot }
  func leaseEnd(_ index: UInt32) -> Int64 { records[Int(index)].leaseEnd }

  mutating func take(_ index: UInt32) -> ReceivedJob {
    records[Int(index)].state = .taken
    let record = records[Int(index)]
    return ReceivedJob(
      token: JobToken(UInt64(record.generation) << 32 | UInt64(index)),
      key: key(index),
      workload: HeldJobs.part(record, record.function + record.name, record.workload),
      scheduledAt: record.scheduledAt, timeout: record.timeout, count: record.count,
      leaseEnd: record.leaseEnd)
  }

  func key(_ index: UInt32) -> JobKey {
    let record = records[Int(index)]
    return JobKey(
      function: HeldJobs.part(record, 0, record.function),
      name: HeldJobs.part(record, record.function, record.name))
  }

  /// The taken or lost job of that token.
  func find(_ token: JobToken) -> UInt32? {
    let index = UInt32(truncatingIfNeeded: token.number)
    guard Int(index) < records.count else { return nil }
    let record = records[Int(index)]
    guard record.generation == UInt32(truncatingIfNeeded: token.number >> 32) else { return nil }
    return record.state == .taken || record.state == .lost ? index : nil
  }

  /// The connection is gone: what was taken is lost, what was queued is forgotten.
  mutating func loseAll() {
    for index in records.indices {
      switch records[index].state {
      case .taken: records[index].state = .lost
      case .queued: remove(UInt32(index))
      case .lost, .surrendered, .free: break
      }
    }
  }

  private static func copy(_ job: JobFields, into record: inout Record) {
    record.function = job.key.function.count
    record.name = job.key.name.count
    record.workload = job.workload.count
    let size = record.function + record.name + record.workload
    if size > record.capacity {
      record.block?.deallocate()
      record.capacity = max(64, size)
      record.block = .allocate(byteCount: record.capacity, alignment: 8)
    }
    guard let block = record.block else { return }
    put(job.key.function, block)
    put(job.key.name, block + record.function)
    put(job.workload, block + record.function + record.name)
  }

  private static func put(_ bytes: Bytes, _ target: UnsafeMutableRawPointer) {
    if let source = bytes.baseAddress { target.copyMemory(from: source, byteCount: bytes.count) }
  }

  private static func part(_ record: Record, _ offset: Int, _ count: Int) -> Bytes {
    guard let block = record.block, count > 0 else { return .none }
    return Bytes(start: UnsafeRawPointer(block) + offset, count: count)
  }
}
