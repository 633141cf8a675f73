public import PeriodicCore

/// In which of the three forms STATUS is answered, and to which request.
public enum StatusForm: Sendable {
  /// Lines of four fields, each ended by a newline, after the message id as it was sent.
  case generation1([UInt8])
  /// Lines of six fields, joined by newlines.
  case generation2(MessageID)
  /// One JSON object, with a member for each function; to the bridge's clients the lines of
  /// generation 2 (PROTOCOL 3.2).
  case http(HTTPReplyContext)
}
