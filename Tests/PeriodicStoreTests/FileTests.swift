import Foundation
import PeriodicCore
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance
import Testing

@Suite struct `The file of a SQLite store` {
  private let scratch = ScratchDirectory()
  private var path: String { scratch.file("jobs.db") }

  @Test func `of another program is refused and left as it is`() throws {
    RawDatabase.run("CREATE TABLE t(a); INSERT INTO t VALUES(1)", on: path)
    try expectRefusal(.corrupt, "not one of Periodic")
  }

  @Test func `of another program is left as it is with what its log holds`() throws {
    RawDatabase.run(
      "PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES(1)", on: path,
      isCrash: true)
    #expect(FileManager.default.fileExists(atPath: path + "-wal"))
    try expectRefusal(.corrupt, "not one of Periodic")
  }

  @Test(arguments: [("h", 1), ("text\n", 1000), ("\0", 9000)])
  func `that is not SQLite's is refused and left as it is`(_ text: String, _ times: Int) throws {
    try String(repeating: text, count: times).write(
      toFile: path, atomically: false, encoding: .utf8)
    try expectRefusal(.corrupt, "is not a SQLite file")
  }

  @Test func `of a newer version is refused and left as it is`() throws {
    try makeStore(jobs: 3)
    RawDatabase.run("PRAGMA user_version = 2", on: path, isCrash: true)
    try expectRefusal(.corrupt, "newer version of Periodic (format 2, this program knows format 1)")
  }

  @Test func `of no known version is refused`() throws {
    try makeStore(jobs: 3)
    RawDatabase.run("PRAGMA user_version = 0", on: path)
    try expectRefusal(.corrupt, "no format 0")
  }

  @Test func `that lacks a table is refused`() throws {
    try makeStore(jobs: 3)
    RawDatabase.run("DROP TABLE settings", on: path)
    #expect(refusal()?.code == .corrupt)
    #expect(refusal()?.message.contains("no such table: settings") == true)
  }

  /// PROTOCOL 2.12, `--hook persist`.
  @Test func `has metrics where they are wanted, whoever wrote it first`() throws {
    try makeStore(jobs: 3)
    var options = SQLiteStore.Options()
    options.keepsMetrics = true
    for _ in 0..<2 {
      let store = SQLiteStore(path: path, options: options)
      try store.open()
      try store.apply(
        StoreBatch { $0.addMetric(.doneJob, "f", milliseconds: 1500, at: 1_700_000_000) })
      store.close()
    }
    let row = "SELECT group_concat(event || name || duration_ms || created_at) FROM metrics"
    #expect(
      RawDatabase.text(row, on: path) == "doneJobf15001700000000,doneJobf15001700000000")
    #expect(refusal() == nil)
  }

  @Test func `with a foreign table in the place of metrics is refused where they are wanted`()
    throws
  {
    try makeStore(jobs: 3)
    RawDatabase.run("CREATE TABLE metrics(a)", on: path)
    var options = SQLiteStore.Options()
    options.keepsMetrics = true
    #expect(throws: StoreError.self) { try SQLiteStore(path: path, options: options).open() }
    #expect(refusal() == nil)
  }

  @Test func `with damaged pages is refused when it is loaded`() throws {
    try makeStore(jobs: 2000)
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    for page in 6...40 as ClosedRange<UInt64> {
      try file.seek(toOffset: page * 4096)
      try file.write(contentsOf: Data(repeating: 0xa5, count: 4096))
    }
    try file.close()
    #expect(refusal()?.code == .corrupt)
    #expect(refusal()?.message.hasSuffix(advice) == true)
  }

  @Test func `that was cut short is refused`() throws {
    try makeStore(jobs: 2000)
    try FileHandle(forUpdating: URL(fileURLWithPath: path)).truncate(atOffset: 3 * 4096)
    #expect(refusal()?.code == .corrupt)
  }

  @Test(arguments: [
    ("UPDATE jobs SET origin = 9 WHERE id = 2", "job 2: origin 9"),
    ("UPDATE jobs SET timeout = 1 << 40 WHERE id = 2", "job 2: timeout 1099511627776"),
    ("UPDATE jobs SET count = -1 << 40 WHERE id = 2", "job 2: count -1099511627776"),
    ("UPDATE jobs SET name = x'' WHERE id = 2", "job 2: name of 0 bytes"),
    ("UPDATE jobs SET func = zeroblob(256) WHERE id = 2", "job 2: func of 256 bytes"),
    ("UPDATE jobs SET id = -5 WHERE id = 2", "jobs: id -5"),
    ("UPDATE jobs SET id = 1 << 53 WHERE id = 2", "jobs: id 9007199254740992"),
    ("INSERT INTO functions(name) VALUES(x'')", "functions: a name of 0 bytes"),
    ("INSERT INTO settings VALUES(x'61', -1)", "settings: a is -1"),
    ("INSERT INTO reserved VALUES(1, -1)", "reserved: up to -1"),
  ])
  func `with a value that no server writes is refused, and the row named`(
    _ sql: String, _ text: String
  ) throws {
    try makeStore(jobs: 3)
    RawDatabase.run(sql, on: path)
    #expect(refusal() == StoreError(.corrupt, "\(path): damaged: \(text)\(advice)"))
  }

  /// What the operator of a damaged store is told to do.
  private var advice: String {
    "; `periodic check \(path)` says what is damaged, "
      + "`periodic repair --salvage \(path) -o NEW` saves what can be read"
  }

  @Test func `knows when it was written last`() throws {
    let store = SQLiteStore(path: path)
    try store.open()
    #expect(store.lastWritten == nil)
    try store.apply(StoreBatch { $0.put(.init(1)) })
    store.close()
    let time = timespec(tv_sec: 4_000_000_000, tv_nsec: 5_000_000)
    #expect(utimensat(AT_FDCWD, path, [time, time], 0) == 0)
    try store.open()
    #expect(store.lastWritten == 4_000_000_000_005)
    store.close()
  }

  @Test func `keeps fields that this version does not know`() throws {
    try makeStore(jobs: 2)
    RawDatabase.run("UPDATE jobs SET extra = 'kept' WHERE id = 1", on: path, expecting: 3091)
    RawDatabase.run("UPDATE jobs SET extra = CAST('kept' AS BLOB) WHERE id = 1", on: path)
    let store = SQLiteStore(path: path)
    try store.open()
    try store.apply(
      StoreBatch {
        $0.put(.init(1, workload: "new"))
        $0.reschedule(1, scheduledAt: 1, due: 1, count: 1, previousRunAt: 1)
      })
    store.close()
    #expect(RawDatabase.text("SELECT extra FROM jobs WHERE id = 1", on: path) == "kept")
  }

  @Test func `is rid of a dropped function's rows some batches after a restart`() throws {
    var store = SQLiteStore(path: path)
    try store.open()
    try store.apply(
      StoreBatch { batch in
        (1...5000).forEach { batch.put(.init($0)) }
        batch.dropFunction("f", upTo: 5000)
      })
    store.close()
    store = SQLiteStore(path: path)
    try store.open()
    try store.load { _ in }
    for id in 5001...5003 as ClosedRange<UInt64> {
      try store.apply(StoreBatch { $0.put(.init(id)) })
    }
    store.close()
    #expect(RawDatabase.text("SELECT count(*) FROM jobs", on: path) == "3")
    #expect(RawDatabase.text("SELECT count(*) FROM drops", on: path) == "0")
  }

  @Test func `has nothing of a batch that fails half-way`() throws {
    try makeStore(jobs: 1)
    RawDatabase.run("CREATE UNIQUE INDEX foreign_rule ON jobs(name)", on: path)
    let store = SQLiteStore(path: path)
    try store.open()
    let batch = StoreBatch {
      $0.put(.init(2, name: "once"))
      $0.put(.init(3, name: "once"))
    }
    #expect(throws: StoreError.self) { try store.apply(batch) }
    #expect(try StoreContent(loading: store).rows.map(\.id) == [1])
    try store.apply(StoreBatch { $0.put(.init(4)) })
    store.close()
    #expect(RawDatabase.text("SELECT group_concat(id) FROM jobs", on: path) == "1,4")
  }

  @Test func `can be read with SQL when no server has it`() throws {
    let store = SQLiteStore(path: path)
    try store.open()
    let row = StoreContent.Row(
      7, "resize", name: "a.png", workload: "12345", due: 1_700_000_000_000)
    try store.apply(StoreBatch { $0.put(row) })
    store.close()
    let sql = "SELECT func || ' ' || name || ' ' || due || ' ' || bytes FROM job_list"
    #expect(RawDatabase.text(sql, on: path) == "resize a.png 2023-11-14 22:13:20 5")
  }

  @Test func `may have any name`() throws {
    for name in ["a?b#c%41&d.db", "ä ö.db", "-x'y\"z", ":memory:"] {
      let store = SQLiteStore(path: scratch.file(name))
      for _ in 1...2 {
        try store.open()
        store.close()
      }
      #expect(FileManager.default.fileExists(atPath: scratch.file(name)))
    }
  }

  @Test func `that is empty becomes a store`() throws {
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    try makeStore(jobs: 1)
    #expect(refusal() == nil)
  }

  private func makeStore(jobs: UInt64) throws {
    let store = SQLiteStore(path: path)
    try store.open()
    try store.apply(StoreBatch { batch in (1...jobs).forEach { batch.put(.init($0)) } })
    store.close()
  }

  private func refusal() -> StoreError? {
    let store = SQLiteStore(path: path)
    defer { store.close() }
    do throws(StoreError) {
      try store.open()
      try store.load { _ in }
      return nil
    } catch {
      return error
    }
  }

  private func expectRefusal(_ code: StoreError.Code, _ text: String) throws {
    let before = try contents()
    let error = refusal()
    #expect(error?.code == code)
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    #expect(try contents() == before)
  }

  private func contents() throws -> [String: Data] {
    var contents: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: scratch.path) {
      contents[name] = FileManager.default.contents(atPath: scratch.file(name))
    }
    return contents
  }
}
