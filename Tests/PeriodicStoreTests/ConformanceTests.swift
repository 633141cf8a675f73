import Foundation
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance
import Testing

@Suite struct `Every store` {
  @Test(arguments: StoreConformance.cases)
  func `behaves, in memory`(_ behaviour: StoreConformance) throws {
    let store = MemoryStore()
    let bench = try StoreBench(make: { store }, crash: {})
    try behaviour.run(bench)
    #expect(bench.failures == [])
  }

  @Test(arguments: StoreConformance.cases)
  func `behaves, in a SQLite file`(_ behaviour: StoreConformance) throws {
    let crashes = CrashingFiles()
    let bench = try StoreBench(make: { crashes.store() }, crash: { try crashes.crash() })
    try behaviour.run(bench)
    #expect(bench.failures == [])
  }
}

/// A SQLite store's files; a crash moves on to a copy of them as they are at that moment.
final class CrashingFiles {
  private var current = ScratchDirectory()
  private var options = SQLiteStore.Options()

  init(slackBytes: Int? = nil) {
    if let slackBytes { options.slackBytes = slackBytes }
  }

  func store() -> any StoreDriver { SQLiteStore(path: current.file("jobs.db"), options: options) }

  func crash() throws {
    let next = ScratchDirectory()
    for entry in try FileManager.default.contentsOfDirectory(atPath: current.path)
    where !entry.hasSuffix(".lock") {
      try FileManager.default.copyItem(atPath: current.file(entry), toPath: next.file(entry))
    }
    current = next
  }
}
