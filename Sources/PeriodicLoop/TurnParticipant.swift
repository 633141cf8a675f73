public import PeriodicCore

/// Something that finishes a turn of the loop: sends what the turn's input led to.
///
/// A turn is one iteration of the loop. All its input is handled first, then each participant that
/// asks for it is called once; so replies to a thousand requests leave in one write and one batch.
public protocol TurnParticipant: AnyObject {
  /// Whether `endOfTurn` has something to do. While it stays true after `endOfTurn`, the loop does
  /// not wait for input but gives the participant another turn.
  var needsTurn: Bool { get }

  /// Whether a thread of this participant's own will bring something, so that virtual time stands
  /// still until it has.
  var awaitsThread: Bool { get }

  /// Finishes the turn. Bounded work only; what is left sets `needsTurn`.
  func endOfTurn(at now: Now)
}

extension TurnParticipant {
  public var awaitsThread: Bool { false }
}
