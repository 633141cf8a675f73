import Glibc
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import Testing

/// A server with real sockets on a loop, and peers on the same loop.
final class ServerBench {
  let loop: Loop
  let server: Server
  let log = Log()
  private(set) var peers: [RawPeer] = []

  init(_ change: (inout ServerOptions) -> Void = { _ in }) throws {
    loop = try Loop()
    var options = ServerOptions()
    options.log = { [log] in log.lines.append(($0, $1)) }
    change(&options)
    server = Server(loop, options: options)
  }

  deinit {
    for peer in peers { peer.close() }
    server.close()
  }

  /// Starts the server on a port of the system's choice.
  func start() throws -> Address {
    try server.start()
    return try server.listen(on: .tcp(host: "127.0.0.1", port: 0))
  }

  /// Runs turns until `happened`; fails the test when that takes twenty seconds.
  func run(until happened: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    let giveUp = loop.now.monotonic + 20_000
    while !happened() {
      guard loop.now.monotonic < giveUp else {
        Issue.record("what the test waits for did not happen", sourceLocation: sourceLocation)
        return
      }
      var watched = pollfd(fd: loop.fileDescriptor, events: Int16(POLLIN), revents: 0)
      let wait = loop.timeoutMilliseconds
      poll(&watched, 1, wait < 0 ? 1000 : min(wait, 1000))
      loop.step()
    }
  }

  /// Runs turns without waiting, for tests whose clock stands still, until `happened`.
  func turn(until happened: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    for _ in 0..<100_000 {
      if happened() { return }
      loop.step()
    }
    Issue.record("what the test waits for did not happen", sourceLocation: sourceLocation)
  }

  func peer(_ address: Address) -> RawPeer {
    let peer = RawPeer(loop, address)
    peers.append(peer)
    return peer
  }
}

final class Log {
  var lines: [(level: LogLevel, text: String)] = []
  func has(_ level: LogLevel, _ part: String) -> Bool {
    lines.contains { $0.level == level && $0.text.contains(part) }
  }
}

/// A peer that sends and receives bytes as they are.
final class RawPeer: StreamOwner {
  private(set) var received: [UInt8] = []
  private(set) var hasEnded = false
  private(set) var failure: LoopError?
  private var unsent: [UInt8] = []
  private var stream: PeriodicLoop.Stream?
  private var isConnected = false
  var reads = true

  init(_ loop: Loop, _ address: Address) {
    stream = Stream.connect(loop, to: address, owner: self)
  }

  var isOver: Bool { hasEnded || failure != nil }
  var hasSentAll: Bool { isConnected && unsent.isEmpty }
  var text: String { String(decoding: received, as: UTF8.self) }

  func send(_ bytes: [UInt8]) {
    unsent += bytes
    if isConnected { streamCanWrite() }
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// Sends one frame of generation 1.
  func sendFrame(_ payload: String) {
    let length = UInt32(payload.utf8.count)
    let header = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    send(Array("\0REQ".utf8) + header + Array(payload.utf8))
  }

  /// Payloads of the whole generation 1 frames that were received.
  var frames: [String] {
    var found: [String] = []
    var rest = received[...]
    while rest.count >= 8 {
      let length = rest.dropFirst(4).prefix(4).reduce(0) { $0 << 8 | Int($1) }
      guard rest.count >= 8 + length else { break }
      found.append(String(decoding: rest.dropFirst(8).prefix(length), as: UTF8.self))
      rest = rest.dropFirst(8 + length)
    }
    return found
  }

  func endWriting() { stream?.endWriting() }

  func startReading() {
    reads = true
    stream?.startReading()
  }

  func close() {
    stream?.close()
    stream = nil
  }

  func streamConnected(_ stream: PeriodicLoop.Stream) {
    isConnected = true
    if reads { stream.startReading() }
    streamCanWrite()
  }

  func streamCanWrite(_ stream: PeriodicLoop.Stream) { streamCanWrite() }

  private func streamCanWrite() {
    guard let stream else { return }
    let sent = unsent.withUnsafeBytes { stream.write($0) }
    unsent.removeFirst(sent)
  }

  func stream(_ stream: PeriodicLoop.Stream, received bytes: Bytes) {
    received.append(contentsOf: bytes)
  }

  func streamEnded(_ stream: PeriodicLoop.Stream) { hasEnded = true }
  func stream(_ stream: PeriodicLoop.Stream, failed error: LoopError) { failure = error }
}

/// A directory of its own under /tmp, removed with the files in it.
final class TemporaryDirectory {
  let path: String

  init() throws {
    var template = Array("/tmp/periodic-test-XXXXXX".utf8CString)
    let made: String? = template.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress, let name = mkdtemp(start) else { return nil }
      return String(cString: name)
    }
    path = try #require(made)
  }

  deinit {
    if let directory = opendir(path) {
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { unlink("\(path)/\(name)") }
      }
      closedir(directory)
    }
    rmdir(path)
  }
}
