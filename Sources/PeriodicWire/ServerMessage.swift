public import PeriodicCore

/// What a server said.
public enum ServerMessage {
  /// The registration is accepted: DATA without a message id.
  case connectionID(UInt32)
  case success(MessageID)
  case pong(MessageID)
  case noop(MessageID)
  case unknown(MessageID)
  case noWorker(MessageID)
  /// Only servers before 2019 said so; to be ignored.
  case noJob(MessageID)
  case data(MessageID, Bytes)
  case setting(MessageID, UInt32)
  case acquired(MessageID, Bool)
  case assign(MessageID, JobFields)
  /// A command that a server does not send; to be ignored.
  case other(MessageID, UInt8)
}
