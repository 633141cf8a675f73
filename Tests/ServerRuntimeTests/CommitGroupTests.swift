import PeriodicCore
import PeriodicLoop
import PeriodicStore
import Testing

@testable import PeriodicRuntime

/// What the store thread makes durable together.
@Suite struct `A group of batches` {
  private let inbox = StoreInbox()

  @Test func `has all that wait, and what comes while it is written`() throws {
    var group = CommitGroup()
    let store = NotingStore()
    for _ in 0..<3 { inbox.push(.apply(batch())) }
    store.onStage = { [inbox, batch] count in
      if count == 2 { inbox.push(.apply(batch())) }
    }
    #expect(try group.write(batch(), store, inbox) == 5)
    #expect(store.notes == "ssssse")
  }

  @Test func `ends where something else was asked of the store`() throws {
    var group = CommitGroup()
    let store = NotingStore()
    inbox.push(.apply(batch()))
    inbox.push(.probe)
    inbox.push(.apply(batch()))
    #expect(try group.write(batch(), store, inbox) == 2)
    #expect(store.notes == "sse")
  }

  @Test func `is one batch where the store stages none`() throws {
    var group = CommitGroup()
    let store = NotingStore(stages: false)
    inbox.push(.apply(batch()))
    #expect(try group.write(batch(), store, inbox) == 1)
    #expect(store.notes == "sa")
  }

  @Test func `fails as a whole`() throws {
    var group = CommitGroup()
    let store = NotingStore()
    inbox.push(.apply(batch()))
    store.failsAt = 2
    #expect(throws: StoreError.self) { try group.write(batch(), store, inbox) }
    #expect(store.notes == "ss")
  }

  @Test func `waits for as much as the last one had, where commits are slow on average`() throws {
    var group = CommitGroup()
    let store = NotingStore()
    inbox.push(.apply(batch()))
    store.onEnd = {
      let end = ThreadCondition.microseconds + 20_000
      while ThreadCondition.microseconds < end {}
    }
    #expect(try group.write(batch(), store, inbox) == 2)
    let begun = ThreadCondition.microseconds
    var committed: Int64 = 0
    store.onEnd = { committed = ThreadCondition.microseconds }
    #expect(try group.write(batch(), store, inbox) == 1)
    // The one slow commit among the last sixteen.
    #expect(committed - begun >= 20_000 / 16)
  }

  private func batch() -> StoreBatch {
    let batch = StoreBatch()
    batch.append(.delete(JobID(1)))
    return batch
  }
}

/// Notes a letter for each call: s for staging, a for a batch that is applied, e for the end.
private final class NotingStore: StoreDriver {
  private(set) var notes = ""
  var onStage: (Int) -> Void = { _ in }
  var onEnd: () -> Void = {}
  var failsAt = 0
  private let stages: Bool

  init(stages: Bool = true) { self.stages = stages }

  func open() throws(StoreError) {}
  func load(_ visit: (StoredItem) -> Void) throws(StoreError) {}
  func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {}
  func close() {}

  func stage(_ batch: StoreBatch) throws(StoreError) -> Bool {
    notes += "s"
    onStage(notes.count)
    if notes.count == failsAt { throw StoreError(.failed, "as the test wants") }
    return stages
  }

  func apply(_ batch: StoreBatch) throws(StoreError) {
    notes += batch.isEmpty ? "e" : "a"
    onEnd()
  }
}
