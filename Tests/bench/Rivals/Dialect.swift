import PeriodicCore

/// What one end of a connection says to one kind of server, as its own clients say it.
///
/// A value of it is either a producer's or a worker's end.
protocol Dialect {
  static var name: String { get }
  static func producer(payload: Int) -> Self
  static func worker(payload: Int) -> Self

  /// What comes first on a connection.
  mutating func greet(into output: inout ByteBuffer)
  /// Asks for the job `number` to be kept, and to be told so.
  mutating func submit(_ number: Int, into output: inout ByteBuffer)
  /// Asks for one job; `slot` is below the number of jobs asked for at a time.
  mutating func grab(_ slot: Int, into output: inout ByteBuffer)
  /// Understands the whole messages in `bytes`, and calls `each` for each job acknowledged, or
  /// received. A worker's end finishes the job and asks for the next one.
  ///
  /// - Returns: the bytes used up.
  mutating func receive(_ bytes: Bytes, into output: inout ByteBuffer, _ each: () -> Void) -> Int
}
