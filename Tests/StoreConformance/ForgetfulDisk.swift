import PeriodicCore
public import PeriodicStore

/// What a store of broken durability leaves: a crash takes the last batch that was answered for.
public final class ForgetfulDisk {
  private enum Event {
    case opened
    case applied(StoreBatch)
  }

  fileprivate var store = MemoryStore()
  private var events: [Event] = []

  public init() {}

  public func driver() -> any StoreDriver { ForgetfulStore(self) }

  /// Forgets the last batch.
  public func crash() throws {
    store.close()
    store = MemoryStore()
    if let last = events.lastIndex(where: { if case .applied = $0 { true } else { false } }) {
      events.remove(at: last)
    }
    for event in events {
      switch event {
      case .opened:
        store.close()
        try store.open()
      case .applied(let batch): try store.apply(batch)
      }
    }
    store.close()
  }

  fileprivate func noteOpening() { events.append(.opened) }

  fileprivate func note(_ batch: StoreBatch) {
    let copy = StoreBatch()
    batch.forEach { copy.append($0) }
    events.append(.applied(copy))
  }
}

private final class ForgetfulStore: StoreDriver {
  private let disk: ForgetfulDisk
  init(_ disk: ForgetfulDisk) { self.disk = disk }

  func open() throws(StoreError) {
    try disk.store.open()
    disk.noteOpening()
  }

  func load(_ visit: (StoredItem) -> Void) throws(StoreError) { try disk.store.load(visit) }

  func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {
    try disk.store.read(ids, visit)
  }

  func apply(_ batch: StoreBatch) throws(StoreError) {
    try disk.store.apply(batch)
    disk.note(batch)
  }

  func close() { disk.store.close() }
}
