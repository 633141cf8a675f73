import PeriodicCore
import PeriodicLoop

/// Sends events as lines to a socket, without ever waiting for it.
final class SocketHook {
  private let loop: Loop
  private let options: EventHook
  private let log: ((LogLevel, String) -> Void)?
  private var lines = LineQueue()
  private var datagrams: DatagramSocket?
  private var stream: Stream?
  private var isConnected = false
  private var hasFailed = false
  private var dropped = 0
  private var retry: LoopTimer?

  /// Milliseconds between two attempts to reach the other side, and that one may take.
  private static let pause: Int64 = 1000
  private static let patience: Int64 = 10_000
  /// Datagrams in one turn: each is a system call.
  private static let datagramsInTurn = 256

  init(_ loop: Loop, _ options: EventHook, log: ((LogLevel, String) -> Void)?) {
    self.loop = loop
    self.options = options
    self.log = log
    retry = LoopTimer(loop) { [unowned self] in reopen() }
    open()
  }

  deinit { close() }

  /// Takes one event, or drops it when too many wait.
  func add(_ event: EngineEvent) {
    if lines.count < options.queueLimit { return lines.append(event) }
    dropped += 1
    if dropped % max(1, options.dropLogInterval) == 1 || options.dropLogInterval <= 1 {
      log?(.warning, "hook: \(dropped) events dropped, \(lines.count) wait for \(name)")
    }
  }

  /// Sends what can be sent now.
  ///
  /// - Returns: whether more could be sent in the next turn.
  func flush() -> Bool {
    if let stream, isConnected, !lines.isEmpty {
      lines.wrote(stream.write(lines.unsent))
    } else if let datagrams {
      for _ in 0..<SocketHook.datagramsInTurn {
        guard let line = lines.first else { return false }
        if !datagrams.send(line) { return false }
        lines.wrote(line.count)
      }
      return !lines.isEmpty
    }
    return false
  }

  /// What the socket takes now is still sent.
  func close() {
    _ = flush()
    retry = nil
    datagrams?.close()
    datagrams = nil
    stream?.close()
    stream = nil
  }

  private var name: String {
    switch options.target {
    case .udp(let host, let port): "udp://\(host):\(port)"
    case .tcp(let host, let port): "tcp://\(host):\(port)"
    case .persist: "the store"
    }
  }

  private func open() {
    switch options.target {
    case .udp(let host, let port):
      datagrams = DatagramSocket(
        loop, host: host, port: port, canSend: { [unowned self] in _ = flush() },
        failed: { [unowned self] in failed($0) })
    case .tcp(let host, let port):
      stream = Stream.connect(loop, to: .tcp(host: host, port: port), owner: Ear(self))
      retry?.arm(at: loop.now.monotonic + SocketHook.patience)
    case .persist: break
    }
  }

  /// The pause after a failure is over, or an attempt has taken too long.
  private func reopen() {
    stream?.close()
    stream = nil
    open()
  }

  private func connected(_ stream: Stream) {
    isConnected = true
    hasFailed = false
    retry?.disarm()
    log?(.info, "hook: connected to \(name)")
    // Only to hear when the other side closes.
    stream.startReading()
    _ = flush()
  }

  private func failed(_ error: LoopError?) {
    isConnected = false
    lines.startAnew()
    stream?.close()
    stream = nil
    datagrams = nil
    if !hasFailed {
      hasFailed = true
      log?(.warning, "hook: \(error?.message ?? "\(name) closed the connection")")
    }
    retry?.arm(at: loop.now.monotonic + SocketHook.pause)
  }

  /// Hears of the stream, which keeps it; the hook itself may go at any time.
  private final class Ear: StreamOwner {
    private weak var hook: SocketHook?

    init(_ hook: SocketHook) { self.hook = hook }

    func streamConnected(_ stream: Stream) { hook?.connected(stream) }
    func stream(_ stream: Stream, received bytes: Bytes) {}
    func streamEnded(_ stream: Stream) { hook?.failed(nil) }
    func streamCanWrite(_ stream: Stream) { _ = hook?.flush() }
    func stream(_ stream: Stream, failed error: LoopError) { hook?.failed(error) }
  }
}
