public import PeriodicCore

/// What an HTTP request asks for, and what its answer will need. The bytes are borrowed from the
/// decoder, which keeps them until it is released.
public struct HTTPRequest {
  public enum Action {
    /// Whether the server serves.
    case ready
    /// STATUS of every function, to be written by `StatusWriter`.
    case status
    /// STATUS of one, to be written by `HTTPResponse.encodeFunction`.
    case functionStatus(Bytes)
    /// Every job, to be written by `DumpWriter`.
    case dump
    /// A copy of the store in this new file, an absolute path.
    case beginBackup(path: Bytes)
    /// How far that is.
    case backupState
    case cancelBackup
    /// A submit, remove, drop or run.
    case command(Command)
    /// Good HTTP that asks for nothing that can be done.
    case refused(HTTPFailure)
  }

  public var action: Action
  /// Who the request says it is from; `nil` if it does not say so in a form that is understood.
  public var identity: Identity?
  public var context: HTTPReplyContext
}
