public import PeriodicCore

/// In which form DUMP is answered, and to which request.
public enum DumpForm: Sendable {
  /// Frames of `{"jobs":[...]}` and a last one of `EOF`, after the message id as it was sent.
  case generation1([UInt8])
  /// One frame with a counted list.
  case generation2(MessageID)
  /// HTTP: a JSON object a line, unsorted, as a body of chunks.
  case lines(HTTPReplyContext)
}
