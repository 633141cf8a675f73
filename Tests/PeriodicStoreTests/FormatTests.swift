import CFaultVFS
import Foundation
import PeriodicCore
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance
import Testing

/// Files of every version of the format stand in Tests/Fixtures/store.
@Suite struct `A SQLite file of an older version` {
  private let scratch = ScratchDirectory()
  private var path: String { scratch.file("jobs.db") }
  /// What later versions could do: a column more, and a table that it needs.
  private static let steps = [
    "ALTER TABLE jobs ADD COLUMN rank INTEGER NOT NULL DEFAULT 0; UPDATE jobs SET rank = id",
    "CREATE TABLE ranks(rank INTEGER PRIMARY KEY) STRICT; INSERT INTO ranks SELECT rank FROM jobs",
  ]

  @Test func `is kept for each version, and opens with all it holds`() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.fixtures.path)
    let versions = 1...SQLiteStore.formatVersion
    #expect(files.sorted() == versions.map { "version-\($0).db" })
    for version in versions {
      try copy(version, to: path)
      let store = SQLiteStore(path: path)
      try store.open()
      #expect(try StoreContent(loading: store) == Self.content)
      try store.apply(StoreBatch { $0.put(.init(32)) })
      store.close()
      #expect(RawDatabase.text("PRAGMA integrity_check", on: path) == "ok")
      #expect(RawDatabase.text("PRAGMA user_version", on: path) == "\(versions.upperBound)")
      try FileManager.default.removeItem(atPath: path)
    }
  }

  @Test func `is brought to the newest version, with optional fields as they are`() throws {
    try copy(1, to: path)
    let store = store(Self.steps)
    try store.open()
    #expect(try StoreContent(loading: store) == Self.content)
    store.close()
    #expect(RawDatabase.text("PRAGMA user_version", on: path) == "3")
    #expect(RawDatabase.text("SELECT extra FROM jobs WHERE id = 29", on: path) == "kept")
    #expect(RawDatabase.text("SELECT group_concat(rank) FROM ranks", on: path) == "28,29,30,31")
    let before = FileManager.default.contents(atPath: path)
    let older = SQLiteStore(path: path)
    #expect(throws: StoreError.self) { try older.open() }
    #expect(FileManager.default.contents(atPath: path) == before)
  }

  @Test func `has the form of a new one when it is upgraded`() throws {
    try copy(1, to: path)
    var forms: [String?] = []
    for path in [path, scratch.file("new.db")] {
      let store = store(Self.steps, path)
      try store.open()
      store.close()
      forms.append(
        RawDatabase.text(
          "SELECT group_concat(sql) FROM (SELECT sql FROM sqlite_schema ORDER BY name)", on: path))
    }
    #expect(forms[0] == forms[1])
  }

  @Test func `loses nothing when the upgrade is cut short at any call`() throws {
    for isFull in [false, true] {
      var call = 0
      while call < 10_000 {
        let files = FaultyFiles()
        try copy(1, to: files.scratch.file("jobs.db"))
        files.arm(isFull ? FAULT_FULL : FAULT_IO, at: call, isLasting: true)
        let store = files.store(formatSteps: Self.steps)
        let opened = (try? store.open()) != nil
        let faults = files.faults
        store.close()
        files.disarm()
        let again = files.store(formatSteps: Self.steps)
        try again.open()
        #expect(try StoreContent(loading: again) == Self.content)
        again.close()
        let path = files.scratch.file("jobs.db")
        #expect(RawDatabase.text("SELECT extra FROM jobs WHERE id = 29", on: path) == "kept")
        if faults == 0 && opened { break }
        call += 1
      }
      #expect((5..<10_000).contains(call))
    }
  }

  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/store")

  private static let content: StoreContent = {
    var content = StoreContent()
    content.functions = [[0x66], [0x67, 0xff, 0]]
    content.settings = [.init("timeout", 17)]
    content.reserved = 33
    var odd = StoreContent.Row(
      29, workload: "twenty-nine", due: 1_700_000_000_123, scheduledAt: 1_700_000_000,
      timeout: 60, count: 3, origin: .generation1, previousRunAt: 1_699_999_999)
    odd.function = [0x67, 0xff, 0]
    odd.name = [0, 0xff, 0x27]
    content.rows = [
      .init(28, workload: String(repeating: "w", count: 9000), due: 28), odd,
      .init(30, workload: String(repeating: "w", count: 100), due: 30),
    ]
    return content
  }()

  private func store(_ steps: [String], _ path: String? = nil) -> SQLiteStore {
    var options = SQLiteStore.Options()
    options.formatSteps = steps
    return SQLiteStore(path: path ?? self.path, options: options)
  }

  private func copy(_ version: Int, to path: String) throws {
    let fixture = Self.fixtures.appendingPathComponent("version-\(version).db").path
    try FileManager.default.copyItem(atPath: fixture, toPath: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
  }
}
