import Glibc
import PeriodicCore
import PeriodicLoop
import Testing

/// A loop for one test, and a way to run it until something has happened.
final class LoopBench {
  let loop: Loop
  private(set) var streams: [Stream] = []

  init() throws { loop = try Loop() }

  deinit { for stream in streams { stream.close() } }

  /// Runs turns until `happened`; fails the test when that takes ten seconds.
  func run(
    until happened: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let giveUp = loop.now.monotonic + 10_000
    let tick = LoopTimer(loop) {}
    while !happened() {
      if loop.now.monotonic > giveUp {
        Issue.record("what the test waits for did not happen", sourceLocation: sourceLocation)
        return
      }
      tick.arm(at: giveUp + 1)
      waitForInput(loop.timeoutMilliseconds)
      loop.step()
    }
  }

  /// Waits as a host does: on the descriptor, for as long as the loop says.
  private func waitForInput(_ milliseconds: Int32) {
    var watched = pollfd(fd: loop.fileDescriptor, events: Int16(POLLIN), revents: 0)
    poll(&watched, 1, milliseconds < 0 ? 10_000 : min(milliseconds, 10_000))
  }

  func connect(to address: Address, _ owner: Recorder) -> Stream {
    let stream = Stream.connect(loop, to: address, owner: owner)
    streams.append(stream)
    return stream
  }

  /// Listens and keeps the accepted connections, each owned by a recorder of its own.
  func listen(
    on address: Address, options: SocketFileOptions = SocketFileOptions()
  ) throws -> (Listener, Accepted) {
    let accepted = Accepted()
    let listener = try Listener(loop, address, options: options) { [unowned self] stream in
      let owner = Recorder()
      stream.owner = owner
      stream.startReading()
      streams.append(stream)
      accepted.connections.append((stream, owner))
    }
    return (listener, accepted)
  }
}

final class Accepted {
  var connections: [(stream: Stream, owner: Recorder)] = []
}

/// Writes down what it hears.
final class Recorder: StreamOwner {
  var isConnected = false
  var received: [UInt8] = []
  var hasEnded = false
  var hangUps = 0
  var failure: LoopError?
  var canWrite: () -> Void = {}

  func streamConnected(_ stream: Stream) { isConnected = true }
  func stream(_ stream: Stream, received bytes: Bytes) { received.append(contentsOf: bytes) }
  func streamEnded(_ stream: Stream) { hasEnded = true }
  func streamHungUp(_ stream: Stream) { hangUps += 1 }
  func streamCanWrite(_ stream: Stream) { canWrite() }
  func stream(_ stream: Stream, failed error: LoopError) { failure = error }
}

/// A directory of its own under /tmp, removed with what is in it.
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

extension Stream {
  func write(text: String) -> Int { withBytes(of: text) { write($0) } }
}
