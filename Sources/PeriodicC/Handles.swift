import CPeriodic
import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

// What the C pointers point to. A handle is retained by the program from its constructor to its
// free.

/// A loop, and what everything on it shares: owner, process, and the last failure.
final class LoopHandle {
  let loop: Loop
  /// Handles on this loop that are not freed.
  var children = 0
  /// What the last failed call said.
  var lastError = ""
  private let process = Fork.generation
  private var owner = pthread_self()
  private var destroyClock: (() -> Void)?
  private var destroyRandom: (() -> Void)?

  init() throws(LoopError) {
    loop = try Loop()
  }

  /// 0 if a call may go on; else why it may not.
  var misuse: Int32 {
    if process != Fork.generation { return PERIODIC_EFORK.rawValue }
    return pthread_equal(owner, pthread_self()) == 0 ? PERIODIC_ETHREAD.rawValue : 0
  }

  var isForked: Bool { process != Fork.generation }

  func adopt() {
    owner = pthread_self()
    loop.adopt()
  }

  /// Sets the host's clock, and lets go of the one before.
  func setClock(_ clock: (() -> Now)?, destroy: (() -> Void)?) {
    loop.setClock(clock)
    destroyClock?()
    destroyClock = destroy
  }

  /// Lets go of the host's clock, and makes time virtual.
  func setVirtualClock(from start: Now?) {
    loop.setVirtualClock(from: start)
    destroyClock?()
    destroyClock = nil
  }

  /// Sets the host's source of random numbers, and lets go of the one before.
  func setRandom(_ source: (() -> UInt64)?, destroy: (() -> Void)?) {
    loop.setRandom(source)
    destroyRandom?()
    destroyRandom = destroy
  }

  /// Keeps a failure's sentence, and passes its code on.
  func fail(_ code: periodic_errno, _ text: String) -> Int32 {
    lastError = text
    return code.rawValue
  }
}

final class ServerHandle {
  let owner: LoopHandle
  let server: Server
  var end: ServerEnd?
  /// Cursors in the program's hands, so that freeing the server frees them.
  var cursors: [ObjectIdentifier: CursorHandle] = [:]

  init(_ owner: LoopHandle, _ server: Server) {
    self.owner = owner
    self.server = server
    owner.children += 1
  }
}

final class ClientHandle {
  let owner: LoopHandle
  let client: Client
  /// Bytes of parts that may wait to be taken, and those that do.
  let dataBytes: Int
  var partBytes = 0
  /// Requests in the program's hands, so that freeing the client frees them.
  var requests: [ObjectIdentifier: RequestHandle] = [:]
  /// The last answer that is bytes.
  var lent: LentBytes?

  init(_ owner: LoopHandle, _ client: Client, dataBytes: Int) {
    self.owner = owner
    self.client = client
    self.dataBytes = dataBytes
    owner.children += 1
  }
}

final class WorkerHandle {
  let owner: LoopHandle
  let worker: Worker
  /// Jobs in the program's hands, so that freeing the worker frees them; and handles of ended jobs,
  /// for the next ones. Each is retained once, whichever list it is in.
  private var jobs: [Unmanaged<JobHandle>] = []
  private var spare: [Unmanaged<JobHandle>] = []
  var isDraining = false

  init(_ owner: LoopHandle, _ worker: Worker) {
    self.owner = owner
    self.worker = worker
    owner.children += 1
  }

  /// Gives a job into the program's hands; the worker keeps it until it is ended or freed.
  func hand(_ job: ReceivedJob) -> OpaquePointer {
    let handle = spare.popLast() ?? Unmanaged.passRetained(JobHandle(self))
    handle._withUnsafeGuaranteedRef {
      $0.job = job
      $0.place = jobs.count
    }
    jobs.append(handle)
    return OpaquePointer(handle.toOpaque())
  }

  /// The program has let go of a job.
  func forget(_ handle: JobHandle) {
    let place = handle.place
    let last = jobs.removeLast()
    if place < jobs.count {
      jobs[place] = last
      last._withUnsafeGuaranteedRef { $0.place = place }
    }
    spare.append(Unmanaged.passUnretained(handle))
  }

  func forgetAll() {
    for handle in jobs + spare { handle.release() }
    jobs = []
    spare = []
  }
}

final class JobHandle {
  unowned(unsafe) let worker: WorkerHandle
  var job = ReceivedJob.none
  /// Where it stands among the worker's.
  var place = 0

  init(_ worker: WorkerHandle) { self.worker = worker }
}

/// Counts the forks that made this process, so that a child knows what is not its own.
enum Fork {
  nonisolated(unsafe) private(set) static var generation = 0

  /// Registered once, before the first loop.
  static let isWatched: Bool = pthread_atfork(nil, nil, { Fork.generation += 1 }) == 0
}

// MARK: Pointers

/// Gives an object to the program.
func give(_ object: AnyObject) -> OpaquePointer {
  OpaquePointer(Unmanaged.passRetained(object).toOpaque())
}

/// The object behind a pointer that the program has; `nil` for NULL.
func borrow<Object: AnyObject>(_ pointer: OpaquePointer?, as: Object.Type) -> Object? {
  guard let pointer else { return nil }
  return Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
}

/// Ends what `give` began.
func takeBack<Object: AnyObject>(_ pointer: OpaquePointer?, as: Object.Type) {
  guard let pointer else { return }
  Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).release()
}
