/// What has become of the last backup that was asked for.
public struct BackupState: Sendable, Equatable {
  public enum Phase: String, Sendable {
    /// None was asked for.
    case none
    case running
    /// The copy is complete and on stable storage.
    case done
    case failed
    /// Given up, on request or because the server stopped.
    case cancelled
  }

  public var phase = Phase.none
  /// Where the copy is, or was to be.
  public var path = ""
  /// Of the store's file: copied, and in all, as far as is known.
  public var pagesDone = 0
  public var pages = 0
  /// Why it failed; `nil` if it did not.
  public var error: String?

  public init() {}

  public static func running(_ path: String) -> BackupState {
    var state = BackupState()
    state.phase = .running
    state.path = path
    return state
  }
}
