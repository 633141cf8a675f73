internal import CUV
internal import Glibc
internal import PeriodicCore

/// One look-up of a host's name by libuv's pool of threads.
final class NameLookUp {
  private let loop: Loop
  private let host: String
  private let request: UnsafeMutablePointer<uv_getaddrinfo_t>
  private var done: ((Result<[SocketAddress], LoopError>) -> Void)?

  /// Calls `done` once on the loop, unless cancelled before.
  ///
  /// The pool is the process's: made by whoever asks first, and its threads inherit the signals
  /// that are blocked then. So all are while asking.
  init(
    _ loop: Loop, host: String, port: UInt16,
    done: @escaping (Result<[SocketAddress], LoopError>) -> Void
  ) throws(LoopError) {
    self.loop = loop
    self.host = host
    self.done = done
    request = .allocate(capacity: 1)
    request.pointee.data = Unmanaged.passRetained(self).toOpaque()
    var hints = SocketAddress.hints(toListen: false)
    let status = withSignalsBlocked {
      uv_getaddrinfo(
        loop.uv, request, { NameLookUp.of($0).finish($1, $2) }, host, String(port), &hints)
    }
    loop.watchChanged = true
    if status != 0 {
      Unmanaged.passUnretained(self).release()
      throw LoopError(status, "look up the host \(host)")
    }
  }

  deinit { request.deallocate() }

  /// Forgets the look-up. libuv may still finish it; nobody hears of that.
  func cancel() {
    done = nil
    _ = UnsafeMutableRawPointer(request).withMemoryRebound(to: uv_req_t.self, capacity: 1) {
      uv_cancel($0)
    }
  }

  private func finish(_ status: Int32, _ list: UnsafeMutablePointer<addrinfo>?) {
    defer { uv_freeaddrinfo(list) }
    guard let done else { return }
    self.done = nil
    if status == 0 {
      done(.success(SocketAddress.all(in: list)))
    } else {
      done(.failure(LoopError(status, "look up the host \(host)")))
    }
  }

  private static func of(_ request: UnsafeMutablePointer<uv_getaddrinfo_t>?) -> NameLookUp {
    guard let data = request?.pointee.data else { fatalError("a look-up names its object") }
    return Unmanaged<NameLookUp>.fromOpaque(data).takeRetainedValue()
  }
}
