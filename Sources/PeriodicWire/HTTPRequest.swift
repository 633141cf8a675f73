public import PeriodicCore

/// What an HTTP request asks for, and what its answer will need. The bytes are borrowed from the
/// decoder, which keeps them until it is released.
public struct HTTPRequest {
  public enum Action {
    /// STATUS of every function, to be written by `StatusWriter`.
    case status
    /// STATUS of one, to be written by `HTTPResponse.encodeFunction`.
    case functionStatus(Bytes)
    /// A submit, remove or drop.
    case command(Command)
  }

  public var action: Action
  public var context: HTTPReplyContext
}
