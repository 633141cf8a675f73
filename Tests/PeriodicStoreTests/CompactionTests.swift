import CFaultVFS
import Foundation
import PeriodicCore
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance
import Testing

/// The file stays within twice what is in it, and some room (`Compaction`).
@Suite struct `A file that is compacted` {
  private let scratch = ScratchDirectory()
  private var path: String { scratch.file("jobs.db") }
  private static let slack = 1 << 20
  /// A job's name, workload, and what a row has beside them.
  private static let rowBytes = 10 + 100 + 48

  /// With COMPACTION_JOBS=1000000 in `make check-slow`.
  private static let jobs =
    ProcessInfo.processInfo.environment["COMPACTION_JOBS"].flatMap { UInt64($0) } ?? 100_000

  @Test func `shrinks when most of its jobs are gone, here and there`() throws {
    let store = try open()
    var ids = Array(1...Self.jobs)
    try put(ids, store)
    let before = files()
    var random = SystemRandomNumberGenerator()
    ids.shuffle(using: &random)
    let kept = ids.prefix(Int(Self.jobs / 20)).sorted()
    try delete(ids.dropFirst(kept.count).sorted(), leaving: kept.count, store)
    try rest(store)
    #expect(files() < before / 4)
    expectSmall(jobs: kept.count)
    try expect(kept, store)
  }

  @Test func `packs pages that are half empty`() throws {
    let store = try open()
    try put(Array(1...Self.jobs), store)
    let before = files()
    // Less, and SQLite would join neighbours by itself.
    let kept = (1...Self.jobs).filter { $0 % 5 < 2 }
    try delete((1...Self.jobs).filter { $0 % 5 >= 2 }, leaving: kept.count, store)
    try rest(store)
    #expect(files() < before * 6 / 10)
    expectSmall(jobs: kept.count)
    try expect(kept, store)
  }

  @Test func `does not grow while its jobs are put back again and again`() throws {
    let store = try open()
    try put(Array(1...1000), store)
    for round in 1...100 as ClosedRange<Int64> {
      try apply(jobs: 1000, store) { batch in
        for id in 1...1000 as ClosedRange<UInt64> {
          batch.reschedule(
            id, scheduledAt: round, due: round * 1000, count: Int32(round), previousRunAt: round)
        }
      }
      _ = try store.maintain()
      expectSmall(jobs: 1000)
    }
    #expect(try StoreContent(loading: store).rows.allSatisfy { $0.count == 100 })
  }

  @Test func `does not grow with a backlog that never empties`() throws {
    let store = try open()
    let backlog: UInt64 = 5000
    try put(Array(1...backlog), store)
    for first in stride(from: backlog + 1, to: backlog + 50_000, by: 500) {
      try apply(jobs: Int(backlog), store) { batch in
        for id in first..<first + 500 {
          batch.put(Self.row(id))
          batch.delete(id - backlog)
        }
      }
      _ = try store.maintain()
      expectSmall(jobs: Int(backlog))
    }
    try expect(Array(50_001...55_000), store)
  }

  @Test func `has rows that take more than half a page packed once and left alone`() throws {
    let store = try open()
    let batch = StoreBatch { batch in
      for id in 1...3000 as ClosedRange<UInt64> { batch.put(Self.row(id, workload: 1500)) }
    }
    batch.liveBytes = 3000 * 1500
    try store.apply(batch)
    try rest(store)
    let writes = files()
    #expect(try store.maintain() == false)
    #expect(files() == writes)
  }

  @Test(arguments: StoreConformance.cases)
  func `behaves as every store does`(_ behaviour: StoreConformance) throws {
    let count = CompactingStore.Count()
    let crashes = CrashingFiles(slackBytes: 0)
    let bench = try StoreBench(
      make: { CompactingStore(crashes.store(), count) }, crash: { try crashes.crash() })
    try behaviour.run(bench)
    #expect(bench.failures == [])
    #expect(count.slices > 0)
  }

  @Test func `loses nothing whichever call of the system fails`() throws {
    var call = 0
    while true {
      let files = FaultyFiles()
      let store = files.store(slackBytes: 0)
      try store.open()
      try put(Array(1...2000), store)
      try delete((1...2000).filter { $0 % 4 != 0 }, leaving: 500, store)
      files.arm(FAULT_IO, at: call, isLasting: false)
      var failures = 0
      for _ in 0..<100 {
        do {
          if try !store.maintain() { break }
        } catch {
          failures += 1
        }
      }
      let isOver = files.faults == 0
      #expect(failures <= 1)
      store.close()
      #expect(try files.content().rows.map(\.id) == (1...500).map { $0 * 4 }, "call \(call)")
      #expect(RawDatabase.text("PRAGMA integrity_check", on: files.scratch.file("jobs.db")) == "ok")
      if isOver { break }
      call += call < 40 ? 1 : 17
    }
    #expect(call > 40)
  }

  // MARK: What the tests share

  private func open() throws -> SQLiteStore {
    var options = SQLiteStore.Options()
    options.slackBytes = Self.slack
    options.sync = .off
    options.reserveBytes = 0
    let store = SQLiteStore(path: path, options: options)
    try store.open()
    return store
  }

  private static func row(_ id: UInt64, workload: Int = 100) -> StoreContent.Row {
    .init(id, name: "n\(id)", workload: String(repeating: "w", count: workload))
  }

  private func put(_ ids: [UInt64], _ store: SQLiteStore) throws {
    try pieces(ids) { piece, done in
      try apply(jobs: done, store) { batch in for id in piece { batch.put(Self.row(id)) } }
    }
  }

  private func delete(_ ids: [UInt64], leaving kept: Int, _ store: SQLiteStore) throws {
    try pieces(ids) { piece, done in
      try apply(jobs: kept + ids.count - done, store) { batch in
        for id in piece { batch.delete(id) }
      }
    }
  }

  private func pieces(_ ids: [UInt64], _ body: (ArraySlice<UInt64>, Int) throws -> Void) throws {
    for start in stride(from: 0, to: ids.count, by: 4096) {
      let end = min(ids.count, start + 4096)
      try body(ids[start..<end], end)
    }
  }

  private func apply(
    jobs: Int, _ store: SQLiteStore, _ fill: (StoreBatch) -> Void
  ) throws {
    let batch = StoreBatch(fill)
    batch.liveBytes = jobs * Self.rowBytes
    try store.apply(batch)
  }

  private func rest(_ store: SQLiteStore) throws {
    var slices = 0
    while try store.maintain() {
      slices += 1
      try #require(slices < 100_000)
    }
  }

  /// Bytes of the file and of its log.
  private func files() -> Int {
    ["", "-wal"].reduce(0) { sum, end in
      let values = try? FileManager.default.attributesOfItem(atPath: path + end)
      return sum + ((values?[.size] as? Int) ?? 0)
    }
  }

  private func expectSmall(jobs: Int) {
    // The log is cut to 16 MiB; these tests' one is moved into the file at 4.
    let most = 2 * jobs * Self.rowBytes + 2 * Self.slack + (5 << 20)
    #expect(files() <= most, "\(files()) bytes for \(jobs) jobs")
  }

  private func expect(_ ids: [UInt64], _ store: SQLiteStore) throws {
    let content = try StoreContent(loading: store)
    #expect(content.rows == ids.map { Self.row($0) })
    store.close()
    #expect(RawDatabase.text("PRAGMA integrity_check", on: path) == "ok")
  }
}
