import CFaultVFS
import Foundation
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance
import Testing

/// A copy of a store that is made while batches go on.
@Suite struct `A backup of a store` {
  private let scratch = ScratchDirectory()
  private var copy: String { scratch.file("copy.db") }

  @Test func `has what the store has at its end, whatever batches did meanwhile`() throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      let store = SQLiteStore(path: scratch.file("jobs \(seed)"))
      let copy = scratch.file("copy \(seed)")
      var random = Random(seed)
      try store.open()
      var last: UInt64 = 0
      try put(&last, 30_000, store)
      try store.beginBackup(to: copy)
      var steps = 1
      while try !store.continueBackup().isFinished {
        steps += 1
        let batch = StoreBatch { batch in
          for _ in 0..<50 { batch.delete(random.next() % last + 1) }
          for _ in 0..<50 { batch.put(Self.row(random.next() % last + 1, "changed")) }
          for _ in 0..<50 {
            last += 1
            batch.put(Self.row(last))
          }
        }
        try store.apply(batch)
      }
      #expect(steps > 5)
      try expect(copy, like: store)
    }
  }

  @Test func `tells how far it is, and has its name when it is complete`() throws {
    let store = try filled()
    try store.beginBackup(to: copy)
    var done = 0
    while true {
      let progress = try store.continueBackup()
      #expect(progress.pagesDone > done && progress.pagesDone <= progress.pages)
      done = progress.pagesDone
      #expect(exists(copy) == progress.isFinished && exists(copy + ".part") != progress.isFinished)
      if progress.isFinished { break }
    }
    #expect(done > 500)
    let values = try FileManager.default.attributesOfItem(atPath: copy)
    #expect(values[.posixPermissions] as? Int == 0o600)
    try expect(copy, like: store)
  }

  @Test func `has a new store's file, too`() throws {
    let store = SQLiteStore(path: scratch.file("jobs.db"))
    try store.open()
    try store.beginBackup(to: copy)
    #expect(try store.continueBackup().isFinished)
    try expect(copy, like: store)
  }

  @Test func `begins anew when a batch fails`() throws {
    let files = FaultyFiles()
    let store = files.store()
    try store.open()
    var last: UInt64 = 0
    try put(&last, 9000, store)
    try store.beginBackup(to: copy)
    #expect(try !store.continueBackup().isFinished)
    // The log has been moved into the file before this one, and begins anew with the next.
    try put(&last, 1, store)
    files.arm(FAULT_IO, at: 1, isLasting: false)
    #expect(throws: StoreError.self) { try put(&last, 200, store) }
    files.disarm()
    while try !store.continueBackup().isFinished {}
    try expect(copy, like: store)
  }

  @Test func `fails when a batch cannot be synced`() throws {
    let files = FaultyFiles()
    let store = files.store()
    try store.open()
    var last: UInt64 = 0
    try put(&last, 9000, store)
    try store.beginBackup(to: copy)
    #expect(try !store.continueBackup().isFinished)
    #expect(try store.commit(StoreBatch { $0.put(.init(last + 1)) }, signal: -1))
    files.arm(FAULT_IO, at: 0, isLasting: false)
    #expect(throws: StoreError.self) { try store.endCommit() }
    try put(&last, 1, store)
    let error = #expect(throws: StoreError.self) { try store.continueBackup() }
    #expect(error?.message.contains("opened anew") == true)
  }

  @Test func `replaces nothing`() throws {
    let store = try filled()
    for name in [copy, copy + ".part"] {
      try Data("mine".utf8).write(to: URL(fileURLWithPath: name))
      let error = #expect(throws: StoreError.self) { try store.beginBackup(to: copy) }
      #expect(error?.message.contains("File exists") == true)
      #expect(FileManager.default.contents(atPath: name) == Data("mine".utf8))
      try FileManager.default.removeItem(atPath: name)
    }
    try store.beginBackup(to: copy)
    _ = try store.continueBackup()
    try Data("mine".utf8).write(to: URL(fileURLWithPath: copy))
    let error = #expect(throws: StoreError.self) {
      while try !store.continueBackup().isFinished {}
    }
    #expect(error?.message.contains("File exists") == true)
    #expect(FileManager.default.contents(atPath: copy) == Data("mine".utf8))
    #expect(!exists(copy + ".part"))
  }

  @Test func `leaves nothing when it is given up, or its store is closed`() throws {
    let store = try filled()
    for end in [{ store.cancelBackup() }, { store.close() }] {
      try store.beginBackup(to: copy)
      _ = try store.continueBackup()
      #expect(exists(copy + ".part"))
      end()
      #expect(!exists(copy) && !exists(copy + ".part"))
      #expect(throws: StoreError.self) { try store.continueBackup() }
    }
  }

  @Test func `is one at a time, and of an open store`() throws {
    let store = try filled()
    try store.beginBackup(to: copy)
    let error = #expect(throws: StoreError.self) {
      try store.beginBackup(to: scratch.file("other"))
    }
    #expect(error?.code == .busy)
    store.close()
    #expect(throws: StoreError.self) { try store.beginBackup(to: copy) }
    #expect(throws: StoreError.self) { try MemoryStore().beginBackup(to: copy) }
  }

  @Test func `fails where it cannot be written`() throws {
    let store = try filled()
    let error = #expect(throws: StoreError.self) {
      try store.beginBackup(to: scratch.file("missing/copy"))
    }
    #expect(error?.code == .denied)
    #expect(error?.message.contains("No such file or directory") == true)
  }

  @Test func `is complete or not there, and harms nothing, whichever call of the system fails`()
    throws
  {
    var call = 0
    while true {
      let files = FaultyFiles()
      let store = files.store()
      try store.open()
      var last: UInt64 = 0
      try put(&last, 9000, store)
      files.arm(FAULT_IO, at: call, isLasting: false)
      var failures = 0
      do {
        try store.beginBackup(to: copy)
        while try !store.continueBackup().isFinished {}
      } catch {
        failures += 1
      }
      let isOver = files.faults == 0
      files.disarm()
      #expect(exists(copy) == (failures == 0) && !exists(copy + ".part"), "call \(call)")
      if failures == 0 { try expect(copy, like: store) }
      store.close()
      #expect(try files.content().rows.count == 9000, "call \(call)")
      try? FileManager.default.removeItem(atPath: copy)
      if isOver { break }
      call += call < 10 ? 1 : 23
    }
    #expect(call > 30)
  }

  // MARK: What the tests share

  private static func row(_ id: UInt64, _ name: String = "n") -> StoreContent.Row {
    .init(id, name: "\(name)\(id)", workload: String(repeating: "w", count: 100))
  }

  private func filled() throws -> SQLiteStore {
    let store = SQLiteStore(path: scratch.file("jobs.db"))
    try store.open()
    var last: UInt64 = 0
    try put(&last, 20_000, store)
    return store
  }

  private func put(_ last: inout UInt64, _ count: UInt64, _ store: SQLiteStore) throws {
    let ids = last + 1...last + count
    try store.apply(StoreBatch { batch in for id in ids { batch.put(Self.row(id)) } })
    last += count
  }

  private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  private func expect(_ copy: String, like store: SQLiteStore) throws {
    #expect(RawDatabase.text("PRAGMA integrity_check", on: copy) == "ok")
    let other = SQLiteStore(path: copy)
    try other.open()
    defer { other.close() }
    #expect(try StoreContent(loading: other) == StoreContent(loading: store))
  }

  /// Numbers that are the same for the same seed.
  private struct Random {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
  }
}
