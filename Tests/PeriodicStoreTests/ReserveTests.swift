import CFaultVFS
import Foundation
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance
import Testing

@Suite struct `The reserve of a SQLite store` {
  private let files = FaultyFiles()
  private let size = 64 << 10
  private var path: String { files.scratch.file("jobs.db.reserve") }

  private func opened() throws -> SQLiteStore {
    let store = files.store(reserveBytes: size)
    try store.open()
    try store.apply(StoreBatch { batch in (1...9).forEach { batch.put(.init($0)) } })
    return store
  }

  /// Bytes on the disk, holes left out.
  private var allocated: Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
  }

  @Test func `takes up its room while the store is open and afterwards`() throws {
    let store = try opened()
    #expect(allocated == size)
    store.close()
    #expect(allocated == size)
  }

  @Test func `lets jobs be ended and settings made on a full disk, but none be added`() throws {
    let store = try opened()
    files.fill(while: "jobs.db.reserve")
    let error = #expect(throws: StoreError.self) {
      try store.apply(StoreBatch { $0.put(.init(10)) })
    }
    #expect(error?.code == .full && allocated == size)
    try store.apply(
      StoreBatch {
        $0.delete(1)
        $0.reschedule(2, scheduledAt: 5, due: 5000, count: 1, previousRunAt: 4)
        $0.set("timeout", 7)
      })
    #expect(allocated == 0)
    let content = try StoreContent(loading: store)
    #expect(content.rows.map(\.id) == [2, 3, 4, 5, 6, 7, 8, 9])
    store.close()
  }

  @Test func `is made again when there is room`() throws {
    let store = try opened()
    files.fill(while: "jobs.db.reserve")
    try store.apply(StoreBatch { $0.delete(1) })
    #expect(allocated == 0)
    files.disarm()
    try store.probe()
    #expect(allocated == size)
    store.close()
  }

  @Test func `is given up when the store is opened on a full disk`() throws {
    try opened().close()
    files.fill(while: "jobs.db.reserve")
    let store = files.store(reserveBytes: size)
    try store.open()
    try store.apply(StoreBatch { $0.delete(1) })
    store.close()
    #expect(try files.content().rows.count == 8)
  }

  @Test func `is not made through a link`() throws {
    let other = files.scratch.file("other")
    #expect(FileManager.default.createFile(atPath: other, contents: Data("mine".utf8)))
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: other)
    try opened().close()
    #expect(FileManager.default.contents(atPath: other) == Data("mine".utf8))
  }

  @Test func `is not there for a store that wants none`() throws {
    let store = files.store(reserveBytes: 0)
    try store.open()
    #expect(allocated == 0)
    store.close()
  }

  @Test func `leaves a probe to tell what a disk says`() throws {
    let store = try opened()
    for (kind, code) in [(FAULT_IO, StoreError.Code.failed), (FAULT_FULL, .full)] {
      files.arm(kind, at: 0, isLasting: true)
      let error = #expect(throws: StoreError.self) { try store.probe() }
      #expect(error?.code == code)
    }
    files.disarm()
    try store.probe()
    #expect(try StoreContent(loading: store).rows.count == 9)
    store.close()
  }
}
