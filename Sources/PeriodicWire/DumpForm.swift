public import PeriodicCore

/// In which of the two forms DUMP is answered, and to which request.
public enum DumpForm: Sendable {
  /// Frames of `{"jobs":[...]}` and a last one of `EOF`, after the message id as it was sent.
  case generation1([UInt8])
  /// One frame with a counted list.
  case generation2(MessageID)
}
