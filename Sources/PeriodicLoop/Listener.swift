internal import CUV
internal import Glibc
internal import PeriodicCore

/// Accepts connections at one address, which may stand for several sockets.
///
/// At an `inproc:` address it has neither socket nor descriptor.
///
/// When the process has no descriptor left, a reserve is given up to accept and close what waits:
/// clients see a closed connection at once, and the loop does not spin on a queue it cannot empty.
public final class Listener {
  public let loop: Loop
  /// Where it listens, with the port that the system chose if it was to.
  public let address: Address
  private var sockets: [DescriptorWatch] = []
  private var file: SocketFile?
  private var inproc: InprocListener?
  private var reserve: Int32 = -1
  private let accept: (Stream) -> Void
  /// Goes on accepting after a shortage that the reserve did not help with.
  private var retry: LoopTimer?
  /// Connections that were accepted and closed for want of descriptors.
  public private(set) var shed: UInt64 = 0
  /// Called when the first connection is shed after one that was not.
  public var onShortage: (() -> Void)?
  private var isShort = false

  /// Connections that the system queues; it has an upper bound of its own.
  static let backlog: Int32 = 4096
  /// Connections taken before other sockets have their turn.
  static let acceptsPerTurn = 256
  /// Milliseconds to wait when memory for sockets has run out.
  static let shortagePause: Int64 = 100

  /// Begins to listen; `accept` is called on the loop with each connection, and owns it.
  ///
  /// A host name is looked up in this thread. An empty host is every interface, IPv4 and, where the
  /// machine has it, IPv6. `options` are those of a Unix socket's file.
  public init(
    _ loop: Loop, _ address: Address, options: SocketFileOptions = SocketFileOptions(),
    accept: @escaping (Stream) -> Void
  ) throws(LoopError) {
    loop.preconditionOnLoop()
    self.loop = loop
    self.accept = accept
    let descriptors: [Int32]
    switch address {
    case .inproc(let name):
      self.address = address
      inproc = try InprocListener(loop, name, accept: accept)
      return
    case .unix(let path):
      let (descriptor, file) = try SocketFile.listen(path, options)
      descriptors = [descriptor]
      self.address = address
      self.file = file
    case .tcp(let host, let port):
      let bound = try listenTCP(host, port)
      descriptors = bound.descriptors
      self.address = .tcp(host: host, port: bound.port)
    }
    reserve = cuv_open_reserve()
    try watch(descriptors)
    retry = LoopTimer(loop) { [unowned self] in pause(false) }
  }

  deinit { close() }

  private func watch(_ descriptors: [Int32]) throws(LoopError) {
    for (index, descriptor) in descriptors.enumerated() {
      do {
        let socket = try DescriptorWatch(loop, descriptor)
        socket.onReady { [unowned self, unowned socket] _, _ in acceptWaiting(socket) }
        socket.watch(reads: true)
        sockets.append(socket)
      } catch {
        for left in descriptors[(index + 1)...] { Glibc.close(left) }
        close()
        throw error
      }
    }
  }

  /// Stops listening, and removes a Unix socket's file if it is still this listener's. Connections
  /// that were accepted go on. Safe to call twice.
  public func close() {
    retry?.disarm()
    for socket in sockets { socket.close() }
    sockets = []
    if !loop.isInherited { file?.remove() }
    file = nil
    inproc?.close()
    inproc = nil
    if reserve >= 0 { Glibc.close(reserve) }
    reserve = -1
  }

  /// Stops, or goes on, taking connections; the system queues them meanwhile.
  private func pause(_ isPaused: Bool) {
    for socket in sockets { socket.watch(reads: !isPaused) }
  }

  private func acceptWaiting(_ socket: DescriptorWatch) {
    for _ in 0..<Listener.acceptsPerTurn {
      if socket.isClosed { return }
      let descriptor = cuv_accept(socket.descriptor)
      switch -descriptor {
      case EAGAIN: return
      case EINTR, ECONNABORTED, EPROTO, EPERM, ENETDOWN, EHOSTUNREACH, ENETUNREACH: continue
      case EMFILE, ENFILE: if !shedOne(socket) { return }
      case ENOBUFS, ENOMEM: return rest()
      default:
        invariant(descriptor >= 0, "accept on a listening socket fails as documented")
        hand(descriptor)
      }
    }
  }

  private func hand(_ descriptor: Int32) {
    do {
      let stream = try Stream(
        loop, descriptor, isUnix: file != nil, name: "a connection to \(address)")
      isShort = false
      accept(stream)
    } catch {
      // Out of memory or of epoll watches: the descriptor is closed, its peer sees the end.
      countShed()
    }
  }

  /// Takes one connection off the queue with the reserve descriptor, and closes it.
  private func shedOne(_ socket: DescriptorWatch) -> Bool {
    if reserve >= 0 { Glibc.close(reserve) }
    reserve = -1
    let descriptor = cuv_accept(socket.descriptor)
    if descriptor >= 0 {
      Glibc.close(descriptor)
      countShed()
    }
    reserve = cuv_open_reserve()
    if descriptor >= 0 || -descriptor == EAGAIN { return descriptor >= 0 }
    rest()
    return false
  }

  private func countShed() {
    shed += 1
    if isShort { return }
    isShort = true
    onShortage?()
  }

  /// Stops accepting for a moment, because trying again at once would fail again.
  private func rest() {
    pause(true)
    retry?.arm(at: loop.now.monotonic + Listener.shortagePause)
  }
}
