internal import CUV
internal import Glibc
public import PeriodicCore

/// An event loop: turns of waiting for sockets, timers and other threads, over one `uv_loop_t`.
///
/// A loop is driven in one of two ways. `run` waits and works until `stop`. A host with a loop of
/// its own waits until `fileDescriptor` is readable or `timeoutMilliseconds` have passed, then
/// calls `step`. Neither makes a thread.
///
/// The loop and everything made on it belong to one thread, the one that made it or called `adopt`
/// last, and every call checks that. Exceptions are `wake`, `stopFromAnyThread` and what
/// `Mailbox.Sender` offers.
public final class Loop {
  let uv: UnsafeMutablePointer<uv_loop_t>
  /// What sockets read into; its content is valid within one callback. One for all, because at most
  /// one callback runs at a time.
  let input: UnsafeMutableRawBufferPointer
  var owner = pthread_self()
  let mark = ProcessMark()
  var hasLeftParent = false
  /// Inside `step` or `run`, where a second one would be a bug.
  var isInTurn = false
  /// What runs the turns.
  var driver = Driver.steps
  /// `run` is to return; kept until it does.
  var stopIsRequested = false
  /// What is waited for has come.
  var endOfWaitIsRequested = false
  /// Calls since the last turn that did without one.
  var callsWithoutTurn = 0
  /// Something is watched that epoll has not been told of: the poll has to run before a host waits.
  /// At first that is the wake-up.
  var watchChanged = true

  /// How much may be handled in this turn, by all that lives here.
  public let budget = TurnBudget()

  var participants: [any TurnParticipant] = []
  var soon: [() -> Void] = []
  var timers: [Unmanaged<LoopTimer>] = []
  /// No armed timer is due before this, monotonic milliseconds.
  var earliestTimer = Int64.max
  /// What the libuv timer is set to.
  var armedTimer = Int64.max
  /// Whether someone here has buffers that may become large: what is left of them is then looked
  /// after.
  public var hasLargeBuffers = false
  /// When spare pages go back, monotonic milliseconds, unless they are used before: they were not
  /// since they had this mark.
  var sparePages = (mark: UInt64(0), until: Int64(0))
  /// This loop's part in connections inside the process; it keeps itself alive while it is needed.
  var hub: Unmanaged<InprocHub>?
  /// What brings messages of other threads.
  var inlets: [Inlet] = []
  /// Handles of libuv's beside the loop's own.
  var openHandles = 0
  /// The descriptor was asked for: whoever did may wait on it between turns.
  var isHosted = false
  var cachedNow = Now(monotonic: .min, wall: 0)
  var hostClock: (() -> Now)?
  /// What time it is while it moves only when it is told to, or nobody has anything to do.
  var virtualTime: Now?
  var randomSource: (() -> UInt64)?

  /// Ends the wait of `run`, or makes the descriptor readable.
  private let waker: UnsafeMutablePointer<uv_async_t>
  /// What other threads stop the loop with.
  private let stopper: UnsafeMutablePointer<uv_async_t>
  let timer: UnsafeMutablePointer<uv_timer_t>
  private let prepare: UnsafeMutablePointer<uv_prepare_t>
  private let check: UnsafeMutablePointer<uv_check_t>
  /// Active while a participant has more work: libuv does not wait while an idle handle is.
  let idle: UnsafeMutablePointer<uv_idle_t>

  /// Bytes that one read takes at most.
  public static let readSize = 64 << 10

  public init() throws(LoopError) {
    uv = .allocate(capacity: 1)
    let status = uv_loop_init(uv)
    guard status == 0 else {
      uv.deallocate()
      throw LoopError(status, "make an event loop")
    }
    waker = .allocate(capacity: 1)
    stopper = .allocate(capacity: 1)
    let wakerStatus = uv_async_init(uv, waker) { _ in }
    guard wakerStatus == 0 else {
      waker.deallocate()
      stopper.deallocate()
      uv_loop_close(uv)
      uv.deallocate()
      throw LoopError(wakerStatus, "make an event loop's wake-up")
    }
    // The one descriptor of all wake-ups is there.
    uv_async_init(uv, stopper) { loopOf($0?.pointee.loop)?.stopIsRequested = true }
    input = .allocate(byteCount: Loop.readSize, alignment: 16)
    timer = .allocate(capacity: 1)
    prepare = .allocate(capacity: 1)
    check = .allocate(capacity: 1)
    idle = .allocate(capacity: 1)
    uv_timer_init(uv, timer)
    uv_prepare_init(uv, prepare)
    uv_check_init(uv, check)
    uv_idle_init(uv, idle)
    uv.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    uv_prepare_start(prepare) { loopOf($0?.pointee.loop)?.beforePoll() }
    uv_check_start(check) { loopOf($0?.pointee.loop)?.afterPoll() }
  }

  deinit {
    leaveParent()
    uv.pointee.data = nil
    func close<Raw>(_ handle: UnsafeMutablePointer<Raw>) {
      closeAndFree(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self))
    }
    close(waker)
    close(stopper)
    close(timer)
    close(prepare)
    close(check)
    close(idle)
    while uv_loop_alive(uv) != 0 { uv_run(uv, UV_RUN_DEFAULT) }
    let status = uv_loop_close(uv)
    invariant(status == 0, "a loop goes after everything that was made on it")
    uv.deallocate()
    input.deallocate()
  }

  /// Closes a handle that Swift allocated; its memory goes when libuv is done with it.
  func closeAndFree(_ handle: UnsafeMutablePointer<uv_handle_t>) {
    leaveParent()
    uv_close(handle) { $0?.deallocate() }
  }

  /// Ends the wait of `run`, or makes `fileDescriptor` readable. Any thread and signal handler may
  /// call it, for as long as the loop exists.
  public func wake() { uv_async_send(waker) }

  /// What `stop` does, as soon as the loop hears of it. Any thread may call it, for as long as the
  /// loop exists.
  public func stopFromAnyThread() { uv_async_send(stopper) }

  /// Stops the process when the calling thread is not the loop's.
  public func preconditionOnLoop() {
    invariant(
      pthread_equal(owner, pthread_self()) != 0 || isInherited,
      "a loop and what was made on it are used on the loop's thread only")
  }

  /// Makes the calling thread the loop's. The former one must have stopped using it.
  public func adopt() {
    invariant(!isInherited, "a loop is not used in a child made by fork")
    invariant(!isInTurn, "a loop changes its thread between turns")
    owner = pthread_self()
  }
}

/// The loop that a handle's libuv loop belongs to; nil while it is being taken down.
private func loopOf(_ uv: UnsafeMutablePointer<uv_loop_t>?) -> Loop? {
  guard let data = uv?.pointee.data else { return nil }
  return Unmanaged<Loop>.fromOpaque(data).takeUnretainedValue()
}
