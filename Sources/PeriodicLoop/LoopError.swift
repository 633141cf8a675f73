internal import CUV
internal import Glibc

/// What the world refused, with libuv's code for it and a sentence for a person.
public struct LoopError: Error, Equatable, Sendable, CustomStringConvertible {
  /// libuv's number: on Linux the negated `errno`, or one of libuv's own such as `UV_EAI_NONAME`.
  public let code: Int32
  /// What was being done, to what, and what the system said: "listen on tcp://:80: permission
  /// denied".
  public let message: String

  /// An error that libuv or the system reported while `doing` something.
  init(_ code: Int32, _ doing: String) {
    self.code = code
    message = "\(doing): \(LoopError.text(of: code))"
  }

  /// An error that this library found; `code` says which of the system's it resembles.
  init(_ code: Int32, saying message: String) {
    self.code = code
    self.message = message
  }

  static func inUse(_ doing: String) -> LoopError { LoopError(UV_EADDRINUSE.rawValue, doing) }

  /// The error that the last system call of this thread left in `errno`.
  static func last(_ doing: String) -> LoopError { LoopError(-errno, doing) }

  /// libuv's name of the code, such as `EADDRINUSE`.
  public var name: String {
    LoopError.string { uv_err_name_r(code, $0, $1) }
  }

  public var description: String { message }

  private static func text(of code: Int32) -> String {
    string { uv_strerror_r(code, $0, $1) }
  }

  private static func string(
    _ fill: (UnsafeMutablePointer<CChar>, Int) -> UnsafeMutablePointer<CChar>?
  ) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      guard let start = buffer.baseAddress, fill(start, buffer.count) != nil else { return "" }
      return String(cString: start)
    }
  }
}

extension LoopError {
  /// The address is taken: by a live listener, or by a file that is not a socket.
  public var isAddressInUse: Bool { code == UV_EADDRINUSE.rawValue }
  /// Nobody listens there.
  public var isRefused: Bool { code == UV_ECONNREFUSED.rawValue || code == UV_ENOENT.rawValue }
}
