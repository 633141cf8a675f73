/// How far a store's copy of itself is.
public struct BackupProgress: Sendable, Equatable {
  /// Pages to be copied in all, as far as is known now: jobs come and go meanwhile.
  public var pages = 0
  public var pagesDone = 0
  /// The copy is complete, on stable storage, and has its name.
  public var isFinished = false

  public init() {}
}
