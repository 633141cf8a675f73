internal import CUV
internal import Glibc
public import PeriodicCore

/// One connection: TCP, a Unix socket, or inside this process (`InprocStream`).
///
/// A socket's stream buffers nothing in either direction. What arrives is lent to the owner from
/// the loop's one input buffer; what is not taken stays with the owner, who is told when to try
/// again.
/// Closes once, by `close` or by a failure, and is silent afterwards.
public class Stream {
  public let loop: Loop
  var watch: DescriptorWatch?
  /// Set by whoever has the stream; held until the stream is closed.
  public var owner: (any StreamOwner)?
  /// What it is, for messages: "the connection to tcp://10.0.0.1:5000".
  public let name: String
  /// Whether this is a Unix socket, whose peer is on this machine.
  public let isUnix: Bool
  var phase = Phase.open
  var wantsReads = false
  var attempt: ConnectionAttempt?

  enum Phase { case connecting, open, closed }

  /// A connection to be made; see `connect`.
  init(_ loop: Loop, to address: Address, owner: any StreamOwner) {
    self.loop = loop
    self.owner = owner
    name = "the connection to \(address)"
    if case .unix = address { isUnix = true } else { isUnix = false }
    phase = .connecting
  }

  /// A connection that stands, without a socket.
  init(accepted loop: Loop, name: String) {
    self.loop = loop
    self.name = name
    isUnix = false
  }

  /// A connection that stands; takes over `descriptor`.
  init(_ loop: Loop, _ descriptor: Int32, isUnix: Bool, name: String) throws(LoopError) {
    self.loop = loop
    self.isUnix = isUnix
    self.name = name
    install(try DescriptorWatch(loop, descriptor))
  }

  deinit { close() }

  /// Whether the peer is of this process's user, or root: another part of this process, or a Unix
  /// socket's peer, as the system knows it since the peer connected. False for every other one.
  public var isPeerOwner: Bool {
    guard isUnix, phase == .open, let watch else { return false }
    let user = cuv_peer_user(watch.descriptor)
    return user == 0 || user == Int64(geteuid())
  }

  /// Whether the other end is on the same loop, so that its silence means nothing.
  public var isOnThisLoop: Bool { false }

  /// Whoever has the other end, if that is on the same loop.
  public var otherOwner: (any StreamOwner)? { nil }

  /// Hands what was written to the other end's owner, in this call, if that is on the same loop.
  ///
  /// - Returns: whether that has had everything.
  public func deliverNow() -> Bool { false }

  /// Hands what the other end wrote to the owner, in this call, if that is on the same loop.
  public func takeNow() {}

  /// Asks the other end's owner, on another loop of this process, something that is no bytes.
  ///
  /// - Parameter answered: called in a turn of this loop: true if the question was taken, false if
  ///   not, `nil` if the connection was lost or closed, and it may have been.
  /// - Returns: false, and nothing happens, unless the other end is on another loop of this
  ///   process.
  public func ask(
    _ question: any StreamQuestion, _ answered: @escaping (Bool?) -> Void
  ) -> Bool { false }

  public var isOpen: Bool { phase == .open }
  public var isClosed: Bool { phase == .closed }

  /// Begins, or goes on, to hand what arrives to the owner. Not reading is the way to slow a peer.
  public func startReading() {
    wantsReads = true
    if phase == .open { watch?.watch(reads: true) }
  }

  public func pauseReading() {
    wantsReads = false
    if phase == .open { watch?.watch(reads: false) }
  }

  /// What is sent at once: a peer that reads meanwhile would keep the loop with it, for
  /// milliseconds where a workload is large.
  private static var mostAtOnce: Int { 256 << 10 }

  /// Sends as many of `bytes` as the socket takes at once, and returns how many those are.
  ///
  /// If not all, the owner hears `streamCanWrite` when there is room. A failure closes the stream
  /// and is reported to the owner in the next turn, so that the caller may be in the middle of
  /// something; 0 is returned.
  public func write(_ bytes: Bytes) -> Int {
    loop.preconditionOnLoop()
    guard phase == .open, let watch, let start = bytes.baseAddress else { return 0 }
    let count = min(bytes.count, Self.mostAtOnce)
    while true {
      let sent = send(watch.descriptor, start, count, Int32(MSG_NOSIGNAL))
      if sent >= 0 {
        watch.watch(writes: sent < bytes.count)
        return sent
      }
      switch errno {
      case EINTR: continue
      case EAGAIN, ENOBUFS:
        watch.watch(writes: true)
        return 0
      default:
        failSoon(.last("write to \(name)"))
        return 0
      }
    }
  }

  /// Tells the peer that nothing more will come; reading goes on.
  public func endWriting() {
    loop.preconditionOnLoop()
    guard phase == .open, let watch else { return }
    watch.watch(writes: false)
    // Fails only when the connection is gone already, and then reading reports that.
    _ = shutdown(watch.descriptor, Int32(SHUT_WR))
  }

  /// Closes the connection now; what the socket has taken is still sent. Safe to call twice. The
  /// owner hears nothing more and is let go.
  public func close() {
    guard phase != .closed else { return }
    loop.preconditionOnLoop()
    phase = .closed
    attempt?.cancel()
    attempt = nil
    watch?.close()
    watch = nil
    owner = nil
  }

  /// Closes the stream, and tells the owner why.
  func fail(_ error: LoopError) {
    guard phase != .closed else { return }
    let owner = owner
    close()
    owner?.stream(self, failed: error)
  }

  private func failSoon(_ error: LoopError) {
    watch?.watch(reads: false, writes: false)
    loop.soon { [self] in fail(error) }
  }
}

extension Stream {
  func install(_ watch: DescriptorWatch) {
    self.watch = watch
    if !isUnix { configureTCP(watch.descriptor) }
    watch.onReady { [unowned self] in isReady($0, $1) }
  }

  /// Writes leave at once; a peer whose machine has vanished is noticed after two minutes of
  /// silence.
  private func configureTCP(_ descriptor: Int32) {
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    setOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 60)
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 15)
    setOption(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 4)
  }

  private func isReady(_ readable: Bool, _ writable: Bool) {
    if phase == .connecting {
      attempt?.isReady()
      return
    }
    if readable && wantsReads { read() }
    if writable && phase == .open { canWrite() }
  }

  /// One read a turn: with level-triggered polling the rest comes in the next, after other sockets.
  private func read() {
    guard let watch else { return }
    let count = recv(watch.descriptor, loop.input.baseAddress, loop.input.count, 0)
    if count > 0 {
      owner?.stream(self, received: Bytes(rebasing: Bytes(loop.input)[..<count]))
    } else if count == 0 {
      pauseReading()
      watch.awaitHangUp { [unowned self] in owner?.streamHungUp(self) }
      owner?.streamEnded(self)
    } else if errno != EAGAIN && errno != EINTR {
      fail(.last("read from \(name)"))
    }
  }

  private func canWrite() {
    guard let watch else { return }
    let code = watch.takeError()
    if code != 0 {
      fail(LoopError(-code, "write to \(name)"))
      return
    }
    watch.watch(writes: false)
    owner?.streamCanWrite(self)
  }
}
