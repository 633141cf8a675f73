import PeriodicCore

/// The jobs that a worker has in hand, each with its bytes in a block that does not move, as its
/// record does not.
///
/// A place is used again, with a new generation, and so is its block while that is small.
struct HeldJobs: ~Copyable {
  enum State: UInt8 {
    case free
    /// Received, and not taken by the user.
    case queued
    case taken
    /// Taken, and the server hears just now that it is done.
    case ending
    /// Taken, but given back by the server, or of a connection that is gone.
    case lost
    /// The server has taken it back; only its bytes are still here.
    case surrendered
  }

  struct Record: BitwiseCopyable {
    var state = State.free
    var timeout: Int32 = 0
    var count: Int32 = 0
    var generation: UInt32 = 0
    /// The place of the grab that it came on, `noSlot` for none; of a free place the next one.
    var slot: UInt32 = 0
    var run = RunHandle.none
    var functionLength = 0
    var nameLength = 0
    var workloadLength = 0
    var scheduledAt: Int64 = 0
    var leaseEnd: Int64 = .max
    var block: UnsafeMutableRawPointer?
    var capacity = 0

    @inline(__always)
    var key: JobKey {
      JobKey(function: part(0, functionLength), name: part(functionLength, nameLength))
    }

    @inline(__always)
    var workload: Bytes { part(functionLength + nameLength, workloadLength) }

    @inline(__always)
    private func part(_ offset: Int, _ count: Int) -> Bytes {
      guard let block, count > 0 else { return .none }
      return Bytes(start: UnsafeRawPointer(block) + offset, count: count)
    }
  }

  /// Of a job that came on no grab.
  static let noSlot = UInt32.max
  private static let noPlace = UInt32.max
  /// Blocks up to this size wait in their place for the next job.
  private static let keptBlock = 4096

  private static let chunkSize = 64

  /// Records lie in chunks, which do not move as their directory does.
  private var chunks = UnsafeMutablePointer<UnsafeMutablePointer<Record>>.allocate(capacity: 1)
  private var directorySize = 1
  private var chunkCount = 0
  /// Places ever used.
  private var used = 0
  private var firstFree = noPlace
  private var surrendered: [UInt32] = []
  /// Jobs in hand, in any state.
  private(set) var count = 0

  deinit {
    for place in 0..<used { HeldJobs.release(self[UInt32(place)].pointee.block) }
    for chunk in 0..<chunkCount { chunks[chunk].deallocate() }
    chunks.deallocate()
  }

  @inline(__always)
  private subscript(_ index: UInt32) -> UnsafeMutablePointer<Record> {
    let (chunk, place) = UInt(index).quotientAndRemainder(dividingBy: UInt(HeldJobs.chunkSize))
    return chunks[Int(chunk)] + Int(place)
  }

  /// Copies a job and keeps it as queued.
  @inline(__always)
  mutating func insert(
    _ job: JobFields, slot: UInt32, run: RunHandle = .none, at now: Now
  ) -> UInt32 {
    let index = takePlace()
    let record = self[index]
    record.pointee.state = .queued
    record.pointee.generation &+= 1
    record.pointee.slot = slot
    record.pointee.run = run
    record.pointee.scheduledAt = job.scheduledAt
    record.pointee.timeout = job.timeout
    record.pointee.count = job.count
    record.pointee.leaseEnd =
      job.timeout > 0
      ? now.monotonic.addingSaturated(Int64(job.timeout).secondsInMilliseconds) : .max
    HeldJobs.copy(job, into: record)
    count += 1
    return index
  }

  @inline(__always)
  mutating func remove(_ index: UInt32) {
    let record = self[index]
    // A surrendered job counts no more.
    if record.pointee.state != .surrendered { count -= 1 }
    record.pointee.state = .free
    if record.pointee.capacity > HeldJobs.keptBlock {
      HeldJobs.release(record.pointee.block)
      record.pointee.block = nil
      record.pointee.capacity = 0
    }
    record.pointee.slot = firstFree
    firstFree = index
  }

  /// The job is the server's again, and in hand until it is reported.
  mutating func lose(_ index: UInt32) { self[index].pointee.state = .lost }

  /// A job is being reported, if it is a taken one of that token: it is found no more, and its
  /// bytes stay, until `endReport`, when it is as before.
  @inline(__always)
  mutating func beginReport(_ token: JobToken) -> UnsafePointer<Record>? {
    guard let index = find(token), self[index].pointee.state == .taken else { return nil }
    self[index].pointee.state = .ending
    return UnsafePointer(self[index])
  }

  @inline(__always)
  mutating func endReport(_ index: UInt32) { self[index].pointee.state = .taken }

  /// The job is no longer in hand; its bytes stay until `reclaim`.
  mutating func surrender(_ index: UInt32) {
    count -= 1
    self[index].pointee.state = .surrendered
    surrendered.append(index)
  }

  @inline(__always)
  mutating func reclaim() {
    if !surrendered.isEmpty { reclaimAll() }
  }

  private mutating func reclaimAll() {
    while let index = surrendered.popLast() { remove(index) }
  }

  func state(_ index: UInt32) -> State { self[index].pointee.state }
  func slot(_ index: UInt32) -> UInt32 { self[index].pointee.slot }
  func leaseEnd(_ index: UInt32) -> Int64 { self[index].pointee.leaseEnd }

  @inline(__always)
  mutating func take(_ index: UInt32) -> ReceivedJob {
    let record = self[index]
    record.pointee.state = .taken
    let token = JobToken(UInt64(record.pointee.generation) << 32 | UInt64(index))
    return ReceivedJob(token: token, record: record)
  }

  func key(_ index: UInt32) -> JobKey { self[index].pointee.key }

  /// The taken or lost job of that token.
  @inline(__always)
  func find(_ token: JobToken) -> UInt32? {
    let index = UInt32(truncatingIfNeeded: token.number)
    guard Int(index) < used else { return nil }
    let record = self[index]
    guard record.pointee.generation == UInt32(truncatingIfNeeded: token.number >> 32) else {
      return nil
    }
    return record.pointee.state == .taken || record.pointee.state == .lost ? index : nil
  }

  /// The connection is gone: what was taken is lost, what was queued is forgotten.
  mutating func loseAll() {
    for index in 0..<used {
      let index = UInt32(index)
      switch self[index].pointee.state {
      case .taken: self[index].pointee.state = .lost
      case .queued: remove(index)
      case .ending, .lost, .surrendered, .free: break
      }
    }
  }

  @inline(__always)
  private static func release(_ block: UnsafeMutableRawPointer?) {
    if let block { LentMemory.release(block) }
  }

  @inline(__always)
  private mutating func takePlace() -> UInt32 {
    let place = firstFree
    if place == HeldJobs.noPlace { return freshPlace() }
    firstFree = self[place].pointee.slot
    return place
  }

  private mutating func freshPlace() -> UInt32 {
    if used == chunkCount * HeldJobs.chunkSize { addChunk() }
    used += 1
    self[UInt32(used - 1)].initialize(to: Record())
    return UInt32(used - 1)
  }

  private mutating func addChunk() {
    if chunkCount == directorySize {
      let wider = UnsafeMutablePointer<UnsafeMutablePointer<Record>>.allocate(
        capacity: directorySize * 2)
      wider.moveInitialize(from: chunks, count: chunkCount)
      chunks.deallocate()
      chunks = wider
      directorySize *= 2
    }
    chunks[chunkCount] = .allocate(capacity: HeldJobs.chunkSize)
    chunkCount += 1
  }

  @inline(__always)
  private static func copy(_ job: JobFields, into record: UnsafeMutablePointer<Record>) {
    let (function, name, workload) = (job.key.function, job.key.name, job.workload)
    record.pointee.functionLength = function.count
    record.pointee.nameLength = name.count
    record.pointee.workloadLength = workload.count
    let size = function.count + name.count + workload.count
    if size > record.pointee.capacity {
      HeldJobs.release(record.pointee.block)
      record.pointee.capacity = max(64, size)
      record.pointee.block = LentMemory.allocate(record.pointee.capacity)
    }
    guard let block = record.pointee.block else { return }
    block.copyShort(function)
    (block + function.count).copyShort(name)
    if let source = workload.baseAddress {
      (block + function.count + name.count).copyMemory(from: source, byteCount: workload.count)
    }
  }
}
