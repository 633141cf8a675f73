/// How much may still be handled in this turn: commands of servers, and completions of clients.
///
/// One for all that lives on a loop. Whoever finds it spent keeps the rest in its own bounded
/// queue, reads no more into that, and goes on in the next turn.
public final class TurnBudget {
  private var limit = Int.max
  /// How much was handled since `renew`.
  public private(set) var used = 0

  public init() {}

  public var isSpent: Bool { left <= 0 }
  public var left: Int { limit - used }

  /// So many have been handled, or are about to be.
  public func draw(_ count: Int = 1) { used += count }

  /// A turn begins that may handle so many.
  public func renew(_ most: Int = .max) {
    limit = most
    used = 0
  }
}
