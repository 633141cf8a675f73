public import PeriodicStore

/// What a store test works with: one store that can be opened again and again.
///
/// Each driver's tests say how a driver over the same content is made, and how to come by what a
/// crash leaves.
public final class StoreBench {
  private let make: () -> any StoreDriver
  private let crash: () throws -> Void
  public private(set) var store: any StoreDriver
  /// What was expected and did not hold.
  public private(set) var failures: [String] = []
  /// Calls that may still fail, and are then made again.
  private var toleratedFailures: Int
  /// Batches that were staged for good.
  private var left: [StoreBatch] = []

  /// `make` gives a closed driver over what was stored so far. `crash` is called while a store is
  /// open: what `make` gives afterwards has only what was durable at that moment.
  /// So many calls may fail: each is made again, which is what a server does.
  public init(
    toleratedFailures: Int = 0, make: @escaping () -> any StoreDriver,
    crash: @escaping () throws -> Void
  ) throws {
    self.make = make
    self.crash = crash
    self.toleratedFailures = toleratedFailures
    store = make()
    expect(try opened(), StoreContent(), "a new store is empty")
  }

  deinit { store.close() }

  public func apply(_ fill: (StoreBatch) -> Void) throws {
    let batch = StoreBatch(fill)
    try persist { try store.apply(batch) }
  }

  /// Has batches become durable together, where the store can do that. They are kept until then.
  public func applyTogether(_ fills: [(StoreBatch) -> Void]) throws {
    let batches = fills.map { StoreBatch($0) }
    try persist {
      for batch in batches where try !store.stage(batch) { try store.apply(batch) }
      try store.apply(StoreBatch())
    }
  }

  /// Stages a batch and leaves it at that; false if the store does not do so.
  public func stage(_ fill: @escaping (StoreBatch) -> Void) throws -> Bool {
    let batch = StoreBatch(fill)
    left.append(batch)
    return try persist { try store.stage(batch) }
  }

  /// Jobs of the open store by their ids.
  public func read(_ ids: [UInt64]) throws -> [StoreContent.Row] {
    try persist { try StoreContent.rows(ids, of: store) }
  }

  /// Closes the store, opens it and reads it.
  public func reopened() throws -> StoreContent {
    store.close()
    return try opened()
  }

  /// Gives up the open store as a crash does, opens what is left and reads it.
  public func crashed() throws -> StoreContent {
    try crash()
    store.close()
    return try opened()
  }

  public func expect<Value: Equatable>(
    _ found: Value, _ wanted: Value, _ what: String, line: UInt = #line
  ) {
    if found != wanted { failures.append("line \(line): \(what): \(found), not \(wanted)") }
  }

  private func opened() throws -> StoreContent {
    try persist {
      store.close()
      store = make()
      try store.open()
      return try StoreContent(loading: store)
    }
  }

  private func persist<Value>(_ call: () throws -> Value) throws -> Value {
    while true {
      do {
        return try call()
      } catch let error as StoreError {
        if toleratedFailures == 0 { throw error }
        toleratedFailures -= 1
      }
    }
  }
}
