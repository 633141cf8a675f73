import CFork
import CPeriodic
import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// A loop, and what everything on it shares: owner, process, and the last failure.
final class LoopHandle: Handle, OnLoop {
  let loop: Loop
  /// Handles on this loop that the program has not freed.
  var children = 0
  /// What the last failed call said.
  var lastError = ""
  /// Calls under way: all but the outermost come from callbacks.
  var depth = 0
  /// What is to be done when nothing is under way; and whether anything is, the loop's end
  /// included.
  var leftovers: [() -> Void] = []
  var hasLeftovers = false
  /// In the host's clock or source of random numbers, which the loop asks in the middle of things:
  /// they may free, which is done later, and nothing else.
  private(set) var isAsking = false
  private let process = periodic_forks()
  private var thread = pthread_self()
  private var destroyClock: (() -> Void)?
  private var destroyRandom: (() -> Void)?

  init(_ loop: Loop) { self.loop = loop }

  var owner: LoopHandle { self }

  /// 0 if a call may go on; else why it may not.
  var misuse: Int32 {
    if process != periodic_forks() { return PERIODIC_EFORK.rawValue }
    return isOwner ? 0 : PERIODIC_ETHREAD.rawValue
  }

  var isForked: Bool { process != periodic_forks() }
  var isOwner: Bool { pthread_equal(thread, pthread_self()) != 0 }

  /// Asks the host for a time or a number.
  func ask<Answer>(_ body: () -> Answer) -> Answer {
    let wasAsking = isAsking
    isAsking = true
    defer { isAsking = wasAsking }
    return body()
  }

  func adopt() {
    thread = pthread_self()
    loop.adopt()
  }

  /// Sets the host's clock, and lets go of the one before, whose destructor may set another.
  func setClock(_ clock: (() -> Now)?, destroy: (() -> Void)?) {
    loop.setClock(clock)
    let last = destroyClock
    destroyClock = destroy
    last?()
  }

  /// Lets go of the host's clock, and makes time virtual.
  func setVirtualClock(from start: Now?) {
    loop.setVirtualClock(from: start)
    let last = destroyClock
    destroyClock = nil
    last?()
  }

  /// Sets the host's source of random numbers, and lets go of the one before.
  func setRandom(_ source: (() -> UInt64)?, destroy: (() -> Void)?) {
    loop.setRandom(source)
    let last = destroyRandom
    destroyRandom = destroy
    last?()
  }

  /// The loop ends with the outermost call.
  func free() {
    retire()
    hasLeftovers = true
    if loop.isRunning { loop.stop() }
  }

  /// Its callbacks are not used any more.
  func letGo() {
    setClock(nil, destroy: nil)
    setRandom(nil, destroy: nil)
  }
}

/// What requests are made of: a server, a client or a worker.
class AskedHandle: Handle, OnLoop {
  let owner: LoopHandle
  /// Bytes of parts that may wait to be taken, and those that do.
  let dataBytes: Int
  var partBytes = 0
  /// Requests in the program's hands by their order, which are freed with this.
  private var requests: [Int: RequestHandle] = [:]
  private var lastRequest = 0

  init(_ owner: LoopHandle, dataBytes: Int = 0) {
    self.owner = owner
    self.dataBytes = dataBytes
  }

  /// Why the last connection ended.
  var lossText: String? { nil }
  func cancel(_ id: RequestID) {}
  func close() {}

  func free() {
    retire()
    owner.children -= 1
    let left = requests.sorted { $0.key < $1.key }.map(\.value)
    requests = [:]
    for request in left { request.forget() }
    owner.afterwards { [self] in
      close()
      for request in left { request.close() }
    }
  }

  func keep(_ request: RequestHandle) {
    lastRequest += 1
    request.order = lastRequest
    requests[lastRequest] = request
  }

  func drop(_ request: RequestHandle) { requests[request.order] = nil }
}

final class ServerHandle: AskedHandle {
  let server: Server
  /// How it has ended, and who waits for that.
  private(set) var end: ServerEnd?
  private var stops: [RequestHandle] = []
  /// A cursor runs the loop until the server has read something.
  var isReading = false
  /// Cursors in the program's hands, which are freed with this.
  var cursors: [ObjectIdentifier: CursorHandle] = [:]

  init(_ owner: LoopHandle, _ server: Server) {
    self.server = server
    super.init(owner)
    // A client may ask for the end as well.
    server.onStopped = { [unowned self] in stopped($0) }
  }

  func stop(_ request: RequestHandle, timeout: Int64) {
    stops.append(request)
    if let end { stopped(end) } else { server.stop(timeout: timeout) }
  }

  private func stopped(_ end: ServerEnd) {
    self.end = end
    let all = stops
    stops = []
    for request in all { request.finish(Code.of(end)) }
  }

  override func close() {
    server.close()
    let all = stops
    stops = []
    for request in all { request.hear(.cancelled) }
    if isReading { owner.loop.endWait() }
  }

  override func free() {
    super.free()
    for cursor in cursors.values { cursor.retire() }
    cursors = [:]
  }
}

/// A client or a worker.
class PeerHandle: AskedHandle {
  let peer: Peer

  init(_ owner: LoopHandle, _ peer: Peer, dataBytes: Int) {
    self.peer = peer
    super.init(owner, dataBytes: dataBytes)
  }

  override var lossText: String? { peer.lastLossText }
  override func cancel(_ id: RequestID) { peer.cancel(id) }
  override func close() { peer.close() }
}

final class ClientHandle: PeerHandle {
  let client: Client
  /// The last answer that is bytes.
  var lent: LentBytes?

  init(_ owner: LoopHandle, _ client: Client, dataBytes: Int) {
    self.client = client
    super.init(owner, client, dataBytes: dataBytes)
  }
}

final class WorkerHandle: PeerHandle {
  let worker: Worker
  /// A handle for each job that was ever in hand at a time; and those that no job has now.
  private var jobs: [JobHandle] = []
  private var spare: Unmanaged<JobHandle>?
  var isDraining = false

  init(_ owner: LoopHandle, _ worker: Worker) {
    self.worker = worker
    super.init(owner, worker, dataBytes: 0)
  }

  /// Gives a job into the program's hands, until it is ended or freed.
  @inline(__always)
  func hand(_ job: ReceivedJob) -> OpaquePointer? {
    guard let spare else { return handNew(job) }
    return spare._withUnsafeGuaranteedRef { handle in
      self.spare = handle.nextSpare
      handle.job = job
      return handle.giveAgain()
    }
  }

  private func handNew(_ job: ReceivedJob) -> OpaquePointer? {
    let handle = JobHandle(self, job)
    jobs.append(handle)
    return handle.give()
  }

  /// The program has ended a job, or freed it.
  func end(_ handle: JobHandle) {
    guard !handle.isFreed else { return }
    handle.takeBack()
    handle.nextSpare = spare
    spare = Unmanaged.passUnretained(handle)
  }

  override func free() {
    super.free()
    for job in jobs { job.retire() }
    jobs = []
    spare = nil
  }
}

/// A job in the program's hands, or waiting for another.
final class JobHandle: Handle, OnLoop {
  let worker: WorkerHandle
  var job: ReceivedJob
  /// While no job has this handle: the next such one. The worker keeps both.
  var nextSpare: Unmanaged<JobHandle>?

  init(_ worker: WorkerHandle, _ job: ReceivedJob) {
    self.worker = worker
    self.job = job
  }

  var owner: LoopHandle { worker.owner }
}
