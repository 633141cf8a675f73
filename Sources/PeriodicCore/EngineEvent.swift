/// Something that happened to a job or a lock, for whoever counts such things (PROTOCOL 2.12).
public struct EngineEvent {
  /// The names are those that receivers of the older server know.
  public enum Kind: String, Sendable, CaseIterable {
    case pushJob, failJob, doneJob, schedLaterJob, acquireLock, releaseLock, removeJob
  }

  public var kind: Kind
  /// The function, or the lock. Borrowed.
  public var name: Bytes
  /// How long it took: since the hand-out for the end of a run, since the lock was taken for its
  /// release, otherwise 0.
  public var milliseconds: Int64

  public init(_ kind: Kind, _ name: Bytes, milliseconds: Int64 = 0) {
    self.kind = kind
    self.name = name
    self.milliseconds = milliseconds
  }
}
