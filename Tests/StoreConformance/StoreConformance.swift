/// The behaviour that every store has, as cases that each driver's tests run.
public struct StoreConformance: Sendable, CustomStringConvertible {
  /// A sentence of behaviour.
  public let description: String
  /// Reports what does not hold to the bench, or throws what the store threw.
  public let run: @Sendable (StoreBench) throws -> Void

  /// Whether it works on so much that it is not run a hundred times over.
  public let isLong: Bool

  init(
    _ description: String, isLong: Bool = false,
    _ run: @escaping @Sendable (StoreBench) throws -> Void
  ) {
    self.description = description
    self.isLong = isLong
    self.run = run
  }

  public static let cases = jobs + reads + batches + values + tables + drops
}
