internal import CUV
internal import Glibc
public import PeriodicCore

/// Sends datagrams to one place, and hears nothing of them.
///
/// It buffers nothing: what the socket does not take now stays with its owner.
public final class DatagramSocket {
  public let loop: Loop
  private let host: String
  private let port: UInt16
  private var watch: DescriptorWatch?
  private var lookUp: NameLookUp?
  private var isClosed = false
  /// Called on the loop when datagrams can be sent, at first and after one that was not taken.
  private var canSend: (() -> Void)?
  /// Called once, when the place cannot be found; the socket is closed then.
  private var failed: ((LoopError) -> Void)?

  /// A name is looked up by libuv's threads. Both closures are called from a turn of the loop,
  /// never within this call; let them hold their owner weakly.
  public init(
    _ loop: Loop, host: String, port: UInt16, canSend: @escaping () -> Void,
    failed: @escaping (LoopError) -> Void
  ) {
    loop.preconditionOnLoop()
    self.loop = loop
    self.host = host
    self.port = port
    self.canSend = canSend
    self.failed = failed
    loop.soon { [weak self] in self?.begin() }
  }

  deinit { close() }

  /// Sends one datagram. False: not now, and `canSend` will say when.
  ///
  /// That nobody listens there is not this side's business, and one that is too long is lost like
  /// any other.
  public func send(_ bytes: Bytes) -> Bool {
    loop.preconditionOnLoop()
    guard let watch else { return false }
    for _ in 0..<4 {
      let flags = Int32(MSG_NOSIGNAL)
      if Glibc.send(watch.descriptor, bytes.baseAddress, bytes.count, flags) >= 0 { return true }
      switch errno {
      case EAGAIN, ENOBUFS:
        watch.watch(writes: true)
        return false
      // What an earlier datagram met is told here, and this one has not been sent.
      default: continue
      }
    }
    return true
  }

  /// Safe to call twice; nothing is called afterwards.
  public func close() {
    guard !isClosed else { return }
    isClosed = true
    lookUp?.cancel()
    lookUp = nil
    watch?.close()
    watch = nil
    canSend = nil
    failed = nil
  }

  private func begin() {
    guard !isClosed else { return }
    do throws(LoopError) {
      if let found = try SocketAddress.lookUp(host: host, port: port, numericOnly: true) {
        try connect(to: found)
      } else {
        lookUp = try NameLookUp(loop, host: host, port: port) { [weak self] in self?.found($0) }
      }
    } catch {
      fail(error)
    }
  }

  private func found(_ result: Result<[SocketAddress], LoopError>) {
    lookUp = nil
    do throws(LoopError) {
      try connect(to: try result.get())
    } catch {
      fail(error)
    }
  }

  /// Takes the first address that the system has a way to.
  private func connect(to addresses: [SocketAddress]) throws(LoopError) {
    var last: LoopError?
    for address in addresses {
      let type = SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
      let descriptor = socket(address.family, Int32(type), 0)
      if descriptor < 0 {
        last = .last("open a socket to udp://\(host):\(port)")
        continue
      }
      if address.with({ Glibc.connect(descriptor, $0, $1) }) != 0 {
        last = .last("reach udp://\(host):\(port)")
        Glibc.close(descriptor)
        continue
      }
      let watch = try DescriptorWatch(loop, descriptor)
      watch.onReady { [weak self] _, _ in
        self?.watch?.watch(writes: false)
        self?.canSend?()
      }
      self.watch = watch
      canSend?()
      return
    }
    throw last ?? LoopError(UV_EAI_NODATA.rawValue, "look up the host \(host)")
  }

  private func fail(_ error: LoopError) {
    let failed = failed
    close()
    failed?(error)
  }
}
