public import PeriodicCore
public import PeriodicStore

/// Another store that has time for everything that can wait after each batch.
public final class CompactingStore: StoreDriver {
  private let store: any StoreDriver
  /// Slices done by all such stores of a test.
  public final class Count {
    public fileprivate(set) var slices = 0
    public init() {}
  }

  private let count: Count

  public init(_ store: any StoreDriver, _ count: Count) {
    self.store = store
    self.count = count
  }

  public func open() throws(StoreError) { try store.open() }

  public func load(_ visit: (StoredItem) -> Void) throws(StoreError) { try store.load(visit) }

  public func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {
    try store.read(ids, visit)
  }

  public func apply(_ batch: StoreBatch) throws(StoreError) {
    // As if next to nothing were left of it: whatever is there is worth being packed.
    batch.liveBytes = 1
    try store.apply(batch)
    while try store.maintain() { count.slices += 1 }
  }

  public func close() { store.close() }
}
