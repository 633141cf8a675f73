internal import CUV
internal import Glibc
internal import PeriodicCore

/// Owns or borrows one non-blocking descriptor, and tells when it can be read or written.
///
/// The sockets are ours and libuv only watches them. Its own stream type writes without
/// MSG_NOSIGNAL, so that a closed peer raises SIGPIPE in the host; it copies or pins what a socket
/// does not take; and it spins when descriptors run out.
final class DescriptorWatch {
  let loop: Loop
  let descriptor: Int32
  private let isOwner: Bool
  private let poll: Handle<uv_poll_t>
  /// What is watched now, in libuv's bits.
  private var interest: Int32 = 0
  /// Called with what the descriptor is ready for. An error counts as both, so that the call that
  /// follows finds it. Cleared on close, which breaks the circle to the owner.
  private var ready: ((_ readable: Bool, _ writable: Bool) -> Void)?

  /// Called once, when the peer has gone altogether.
  private var hungUp: (() -> Void)?

  /// Takes over `descriptor`, and closes it if it cannot be watched.
  convenience init(_ loop: Loop, _ descriptor: Int32) throws(LoopError) {
    do { try self.init(loop, descriptor, isOwner: true) } catch {
      Glibc.close(descriptor)
      throw error
    }
  }

  /// Watches a descriptor that stays open until this is closed, and after that.
  convenience init(_ loop: Loop, borrowing descriptor: Int32) throws(LoopError) {
    try self.init(loop, descriptor, isOwner: false)
  }

  private init(_ loop: Loop, _ descriptor: Int32, isOwner: Bool) throws(LoopError) {
    self.loop = loop
    self.descriptor = descriptor
    self.isOwner = isOwner
    poll = try Handle(loop, "watch a socket") { uv, raw in uv_poll_init(uv, raw, descriptor) }
    poll.setOwner(self)
  }

  deinit { close() }

  var isClosed: Bool { poll.isClosed }

  func onReady(_ body: @escaping (_ readable: Bool, _ writable: Bool) -> Void) { ready = body }

  var isWatchingReads: Bool { interest & Int32(UV_READABLE.rawValue) != 0 }
  var isWatchingWrites: Bool { interest & Int32(UV_WRITABLE.rawValue) != 0 }

  /// Sets what to watch; the descriptor stays as ready as it is until something is done about it.
  func watch(reads: Bool? = nil, writes: Bool? = nil) {
    guard !isClosed else { return }
    var wanted: Int32 = 0
    if reads ?? isWatchingReads { wanted |= Int32(UV_READABLE.rawValue) }
    if writes ?? isWatchingWrites { wanted |= Int32(UV_WRITABLE.rawValue) }
    // A hang-up is told of whatever is watched, if anything is; this is what never happens.
    if hungUp != nil { wanted |= Int32(UV_PRIORITIZED.rawValue) }
    if wanted == interest { return }
    interest = wanted
    loop.watchChanged = true
    let status =
      wanted == 0
      ? uv_poll_stop(poll.raw)
      : uv_poll_start(poll.raw, wanted) { raw, status, events in
        handleOwner(raw, as: DescriptorWatch.self)?.isReady(status, events)
      }
    invariant(status == 0, "a descriptor is watched by one handle")
  }

  /// Tells when the peer has closed its socket, or it is lost. Of no use before its last byte
  /// has been read.
  func awaitHangUp(_ body: @escaping () -> Void) {
    guard !isClosed else { return }
    hungUp = body
    watch()
  }

  private func hangUp(_ status: Int32) {
    // On an error libuv has stopped watching.
    if status < 0 { interest = 0 }
    let body = hungUp
    hungUp = nil
    watch()
    var socket = pollfd(fd: descriptor, events: 0, revents: 0)
    if status < 0 || Glibc.poll(&socket, 1, 0) > 0 { body?() }
  }

  private func isReady(_ status: Int32, _ events: Int32) {
    guard let ready else { return }
    if hungUp != nil, !isWatchingWrites,
      status < 0 || events & Int32(UV_PRIORITIZED.rawValue) != 0
    {
      return hangUp(status)
    }
    if status < 0 {
      // libuv has stopped watching; the pending error is found by the next read or write.
      let before = interest
      interest = 0
      let reads = before & Int32(UV_READABLE.rawValue) != 0
      ready(reads, true)
      return
    }
    ready(events & Int32(UV_READABLE.rawValue) != 0, events & Int32(UV_WRITABLE.rawValue) != 0)
  }

  /// The socket's pending error, which this clears; 0 if there is none.
  func takeError() -> Int32 {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    let status = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
    return status == 0 ? code : errno
  }

  /// Stops watching and closes the descriptor, if it is this one's. Safe to call twice.
  func close() {
    guard !isClosed else { return }
    ready = nil
    hungUp = nil
    poll.close()
    if isOwner { Glibc.close(descriptor) }
  }
}

/// A new non-blocking stream socket, closed on exec.
func makeSocket(_ family: Int32, _ doing: @autoclosure () -> String) throws(LoopError) -> Int32 {
  let type = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
  let descriptor = socket(family, Int32(type), 0)
  if descriptor < 0 { throw .last(doing()) }
  return descriptor
}

/// Sets one of a socket's options that is a number.
@discardableResult
func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) -> Bool {
  var value = value
  return setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
}
