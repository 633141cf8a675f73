/// Both clocks at one moment, handed to everything that decides.
///
/// Due times are wall time, because that is what clients send and what survives a restart. Leases,
/// deadlines and keepalive are monotonic, because a clock step must not end or prolong them.
public struct Now: Equatable, Sendable {
  /// Milliseconds on a clock that never steps; its zero means nothing.
  public var monotonic: Int64
  /// Milliseconds since 1970-01-01 00:00 UTC; may step either way.
  public var wall: Int64

  @inlinable
  public init(monotonic: Int64, wall: Int64) {
    self.monotonic = monotonic
    self.wall = wall
  }

  /// Whole seconds since 1970, rounded down: the unit of the old wire formats.
  @inlinable public var wallSeconds: Int64 { wall.wholeSeconds }
}

extension Int64 {
  /// Milliseconds as seconds, rounded down.
  @inlinable public var wholeSeconds: Int64 { self >= 0 ? self / 1000 : ~(~self / 1000) }

  /// Whether `wholeSeconds` is that second; no at the very end of the range.
  @inlinable
  public func isWithin(second: Int64) -> Bool {
    let (start, overflow) = second.multipliedReportingOverflow(by: 1000)
    return !overflow && self >= start && UInt64(bitPattern: self &- start) < 1000
  }

  /// Seconds as milliseconds, held at the ends of the range instead of overflowing.
  @inlinable public var secondsInMilliseconds: Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: 1000)
    return overflow ? (self < 0 ? .min : .max) : product
  }

  /// The sum, held at the ends of the range instead of overflowing.
  @inlinable
  public func addingSaturated(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }
}
