public import PeriodicCore
import PeriodicEngine

extension ServerCore {
  /// Stops the process at the first invariant of the engine that does not hold. For tests: it looks
  /// at every job.
  public func checkInvariants(at now: Now) { engine.checkInvariants(at: now) }
}
