public import PeriodicCore

/// What a server-side decoder found at the front of the bytes. Whatever is borrowed is good until
/// the decoder is next called.
public enum Decoded {
  case needMore
  case request(MessageID, Command, consumed: Int)
  /// A whole frame that cannot be carried out: answer, and go on.
  case refused(MessageID, Refusal, consumed: Int)
  case violation(WireViolation)
}
