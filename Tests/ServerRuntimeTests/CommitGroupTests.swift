import PeriodicCore
import PeriodicLoop
import PeriodicStore
import Testing

@testable import PeriodicRuntime

/// What the store thread makes durable together.
@Suite struct `A group of batches` {
  private let inbox: StoreInbox
  private let store = NotingStore()

  init() throws { inbox = try StoreInbox() }

  @Test func `has all that wait, and what comes while it is written`() throws {
    var group = CommitGroup()
    for _ in 0..<3 { inbox.push(.apply(small())) }
    store.onStage = { [inbox, small] count in
      if count == 2 { inbox.push(.apply(small())) }
    }
    #expect(try write(&group) == [5])
    #expect(store.notes == "sssssa")
  }

  @Test func `ends where something else was asked of the store`() throws {
    var group = CommitGroup()
    inbox.push(.apply(small()))
    inbox.push(.probe)
    inbox.push(.apply(small()))
    #expect(try write(&group) == [2])
    #expect(store.notes == "ssa")
  }

  @Test func `is one batch where the store stages none`() throws {
    var group = CommitGroup()
    store.stages = false
    inbox.push(.apply(small()))
    #expect(try write(&group) == [1])
    #expect(store.notes == "sA")
  }

  @Test func `fails as a whole`() throws {
    var group = CommitGroup()
    inbox.push(.apply(small()))
    store.failsAt = 2
    #expect(throws: StoreError.self) { try write(&group) }
    #expect(store.notes == "ss")
  }

  @Test func `is written while the one before is synced, and committed when that is over`() throws {
    var group = CommitGroup()
    store.goesOn = true
    #expect(try write(&group, large()) == [])
    #expect(group.isSyncing)
    store.onStage = { [store, inbox, large] _ in
      if store.notes == "scs" {
        inbox.push(.apply(large()))
      } else {
        store.isCommitOver = true
      }
    }
    #expect(try write(&group, large()) == [1])
    #expect(store.notes == "scssec")
    #expect(try end(&group) == [2])
    #expect(!group.isSyncing)
    #expect(store.notes == "scssece")
  }

  @Test func `goes on when it hears that the one before is synced`() throws {
    var group = CommitGroup()
    store.goesOn = true
    #expect(try write(&group, large()) == [])
    let signal = inbox.signal
    nonisolated(unsafe) let store = store
    let thread = try NativeThread(name: "sync") {
      store.isCommitOver = true
      signal.raise()
    }
    #expect(try write(&group, large()) == [1])
    thread.join()
    #expect(store.notes.hasSuffix("ec"))
  }

  @Test func `waits for its sync at once when it is small`() throws {
    var group = CommitGroup()
    store.goesOn = true
    #expect(try write(&group, small()) == [1])
    #expect(store.notes == "sa")
  }

  @Test func `fails with the one before when that cannot be synced`() throws {
    var group = CommitGroup()
    store.goesOn = true
    #expect(try write(&group, large()) == [])
    store.isCommitOver = true
    store.failsToSync = true
    #expect(throws: StoreError.self) { try write(&group, large()) }
    #expect(!group.isSyncing)
    #expect(store.notes == "scse")
  }

  @Test func `leaves the one before as it is when it fails itself`() throws {
    var group = CommitGroup()
    store.goesOn = true
    #expect(try write(&group, large()) == [])
    store.failsAt = 3
    var durable: [Int] = []
    #expect(throws: StoreError.self) {
      try group.write(large(), store, inbox) { durable.append($0) }
    }
    #expect(durable == [1])
    #expect(store.notes == "scse")
  }

  @Test func `waits for as much as the last one had, where commits are slow on average`() throws {
    var group = CommitGroup()
    inbox.push(.apply(small()))
    store.onCommit = {
      let end = ThreadCondition.microseconds + 20_000
      while ThreadCondition.microseconds < end {}
    }
    #expect(try write(&group) == [2])
    let begun = ThreadCondition.microseconds
    var committed: Int64 = 0
    store.onCommit = { committed = ThreadCondition.microseconds }
    #expect(try write(&group) == [1])
    // The one slow commit among the last sixteen.
    #expect(committed - begun >= 20_000 / 16)
  }

  /// Writes a group; returns what it told of.
  private func write(
    _ group: inout CommitGroup, _ first: StoreBatch? = nil
  ) throws(StoreError) -> [Int] {
    var durable: [Int] = []
    try group.write(first ?? small(), store, inbox) { durable.append($0) }
    return durable
  }

  private func end(_ group: inout CommitGroup) throws(StoreError) -> [Int] {
    var durable: [Int] = []
    try group.end(store) { durable.append($0) }
    return durable
  }

  private func small() -> StoreBatch { batch(of: 1) }

  private func large() -> StoreBatch { batch(of: CommitGroup.worthOverlapping) }

  private func batch(of count: Int) -> StoreBatch {
    let batch = StoreBatch()
    for _ in 0..<count { batch.append(.delete(JobID(1))) }
    return batch
  }
}

/// Notes a letter for each call: s for staging, a for what was staged being applied, A for that
/// with a batch of its own, c for a commit that may go on, e for the end of one that did.
private final class NotingStore: StoreDriver {
  private(set) var notes = ""
  var onStage: (Int) -> Void = { _ in }
  var onCommit: () -> Void = {}
  var failsAt = 0
  var failsToSync = false
  var stages = true
  var goesOn = false
  var isCommitOver = false
  private var isUnderWay = false

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
    notes += batch.isEmpty ? "a" : "A"
    onCommit()
  }

  func commit(_ batch: StoreBatch, signal: Int32) throws(StoreError) -> Bool {
    notes += "c"
    onCommit()
    isUnderWay = goesOn
    return goesOn
  }

  func endCommit() throws(StoreError) {
    guard isUnderWay else { return }
    isUnderWay = false
    notes += "e"
    if failsToSync { throw StoreError(.failed, "as the test wants") }
  }
}
