/// The behaviour that every store has, as cases that each driver's tests run.
public struct StoreConformance: Sendable, CustomStringConvertible {
  /// A sentence of behaviour.
  public let description: String
  /// Reports what does not hold to the bench, or throws what the store threw.
  public let run: @Sendable (StoreBench) throws -> Void

  init(_ description: String, _ run: @escaping @Sendable (StoreBench) throws -> Void) {
    self.description = description
    self.run = run
  }

  public static let cases = jobs + reads + batches + values + tables + drops
}
