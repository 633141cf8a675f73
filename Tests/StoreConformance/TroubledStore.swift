public import PeriodicCore
public import PeriodicStore

/// Another store with trouble before or after its calls.
public final class TroubledStore: StoreDriver {
  /// What happens at one side of a call; the stores of a test share it.
  public final class Trouble {
    public enum Side: Sendable {
      case before, after
    }

    private let side: Side
    private let happen: () throws(StoreError) -> Void

    public init(_ side: Side, _ happen: @escaping () throws(StoreError) -> Void) {
      self.side = side
      self.happen = happen
    }

    fileprivate func pass(_ side: Side) throws(StoreError) {
      if side == self.side { try happen() }
    }
  }

  private let store: any StoreDriver
  private let trouble: Trouble

  public init(_ store: any StoreDriver, _ trouble: Trouble) {
    self.store = store
    self.trouble = trouble
  }

  public func open() throws(StoreError) {
    try trouble.pass(.before)
    try store.open()
    try trouble.pass(.after)
  }

  public func load(_ visit: (StoredItem) -> Void) throws(StoreError) {
    try trouble.pass(.before)
    try store.load(visit)
    try trouble.pass(.after)
  }

  public func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {
    try trouble.pass(.before)
    try store.read(ids, visit)
    try trouble.pass(.after)
  }

  public func apply(_ batch: StoreBatch) throws(StoreError) {
    try trouble.pass(.before)
    try store.apply(batch)
    try trouble.pass(.after)
  }

  public func stage(_ batch: StoreBatch) throws(StoreError) -> Bool {
    try trouble.pass(.before)
    let isStaged = try store.stage(batch)
    try trouble.pass(.after)
    return isStaged
  }

  public func close() { store.close() }
}
