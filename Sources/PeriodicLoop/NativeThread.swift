internal import CUV
internal import Glibc
internal import PeriodicCore

/// A thread of the library's own, in which every signal is blocked.
///
/// Signals belong to the host: they reach the host's threads only, and a write to a closed socket
/// in here cannot raise SIGPIPE.
public final class NativeThread {
  private let id: pthread_t
  private let mark = ProcessMark()
  private var isJoined = false

  /// Starts `body` on a new thread. `name` is for debuggers: its first 15 bytes are used.
  public init(name: String, _ body: sending @escaping () -> Void) throws(LoopError) {
    let start = Unmanaged.passRetained(Start(name, body))
    var id = pthread_t()
    let status = withSignalsBlocked {
      pthread_create(&id, nil, { runThread($0) }, start.toOpaque())
    }
    guard status == 0 else {
      start.release()
      throw LoopError(-status, "start the thread \(name)")
    }
    self.id = id
  }

  deinit { if !isJoined && !mark.isInherited { pthread_detach(id) } }

  /// Waits until the thread has ended. Safe to call twice; not from the thread itself. In a forked
  /// child, where the thread does not exist, returns at once.
  public func join() {
    guard !isJoined, !mark.isInherited else { return }
    isJoined = true
    let status = pthread_join(id, nil)
    invariant(status == 0, "a thread can be joined by another one")
  }
}

private final class Start {
  let name: String
  let body: () -> Void
  init(_ name: String, _ body: @escaping () -> Void) {
    self.name = name
    self.body = body
  }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
  cuv_name_thread(start.name)
  start.body()
  return nil
}

/// Runs `body` with every signal of this thread blocked, so that threads it starts have them
/// blocked.
func withSignalsBlocked<Result>(_ body: () -> Result) -> Result {
  var all = sigset_t()
  var before = sigset_t()
  sigfillset(&all)
  pthread_sigmask(SIG_SETMASK, &all, &before)
  defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
  return body()
}
