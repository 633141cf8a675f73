internal import CUV
internal import Glibc
internal import PeriodicCore

extension Stream {
  /// Begins to connect. The owner hears `streamConnected` or `stream(_:failed:)`, never within this
  /// call.
  ///
  /// A host that is a number is connected to without a look-up. A name is looked up by libuv's
  /// threads, and its addresses are tried one after the other. There is no time limit here: an
  /// owner that has lost patience closes the stream.
  public static func connect(_ loop: Loop, to address: Address, owner: any StreamOwner) -> Stream {
    loop.preconditionOnLoop()
    if case .inproc(let name) = address { return connect(loop, toName: name, owner: owner) }
    let stream = Stream(loop, to: address, owner: owner)
    let attempt = ConnectionAttempt(stream, address)
    stream.attempt = attempt
    loop.soon { attempt.begin() }
    return stream
  }

  private static func connect(_ loop: Loop, toName name: String, owner: any StreamOwner) -> Stream {
    do {
      return InprocStream(try InprocHub.of(loop), connectingTo: name, owner: owner)
    } catch {
      let stream = Stream(loop, to: .inproc(name: name), owner: owner)
      loop.soon { [error] in stream.fail(error) }
      return stream
    }
  }
}

/// The way of one stream from an address to a connection.
final class ConnectionAttempt {
  private unowned let stream: Stream
  private let address: Address
  private var candidates: ArraySlice<SocketAddress> = []
  private var lastError: LoopError?
  private var lookUp: NameLookUp?
  private var isCancelled = false

  init(_ stream: Stream, _ address: Address) {
    self.stream = stream
    self.address = address
  }

  func cancel() {
    isCancelled = true
    lookUp?.cancel()
    lookUp = nil
  }

  func begin() {
    guard !isCancelled else { return }
    do {
      switch address {
      case .unix(let path):
        try address.checkPath()
        candidates = [SocketAddress(path: path)]
        tryNext()
      case .inproc: fatalError("what is inside this process is not looked for among sockets")
      case .tcp(let host, let port):
        if let found = try SocketAddress.lookUp(host: host, port: port, numericOnly: true) {
          candidates = found[...]
          tryNext()
        } else {
          lookUp = try NameLookUp(stream.loop, host: host, port: port) { [weak self] in
            self?.found($0)
          }
        }
      }
    } catch {
      stream.fail(error)
    }
  }

  private func found(_ result: Result<[SocketAddress], LoopError>) {
    lookUp = nil
    switch result {
    case .failure(let error): stream.fail(error)
    case .success(let addresses):
      candidates = addresses[...]
      tryNext()
    }
  }

  /// Begins a connection to the next address, or fails the stream when there is none left.
  private func tryNext() {
    while let candidate = candidates.popFirst() {
      do {
        let watch = try open(candidate)
        stream.install(watch)
        watch.watch(writes: true)
        return
      } catch {
        lastError = error
      }
    }
    let none = LoopError(UV_EAI_NONAME.rawValue, "connect to \(address)")
    stream.fail(lastError ?? none)
  }

  private func open(_ candidate: SocketAddress) throws(LoopError) -> DescriptorWatch {
    let descriptor = try makeSocket(candidate.family, "connect to \(address)")
    var status: Int32
    repeat {
      status = candidate.with { Glibc.connect(descriptor, $0, $1) }
    } while status != 0 && errno == EINTR && stream.isUnix
    // A Unix socket connects at once or not at all; EAGAIN is a full queue there.
    if status != 0 && errno != EINPROGRESS && errno != EINTR {
      let error = LoopError.last("connect to \(address)")
      Glibc.close(descriptor)
      throw error
    }
    return try DescriptorWatch(stream.loop, descriptor)
  }

  /// The socket is connected, or has failed.
  func isReady() {
    guard let watch = stream.watch else { return }
    let code = watch.takeError()
    watch.watch(writes: false)
    if code != 0 {
      lastError = LoopError(-code, "connect to \(address)")
      watch.close()
      stream.watch = nil
      tryNext()
      return
    }
    stream.phase = .open
    stream.attempt = nil
    if stream.wantsReads { watch.watch(reads: true) }
    stream.owner?.streamConnected(stream)
  }
}
