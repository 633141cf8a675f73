import Foundation
import PeriodicStore
import PeriodicStoreSQLite
import Testing

@Suite struct `Checking and salvaging a store` {
  /// No leaf of these jobs has more rows.
  private static let mostInPage = 90

  @Test func `that is sound finds nothing and loses nothing`() throws {
    let damage = try Damage()
    let (problems, report, jobs) = try damage.salvage(damage.sound)
    #expect(problems == 0)
    #expect(report.isComplete, "\(report)")
    #expect(jobs == damage.jobs)
    #expect(RawDatabase.text("SELECT up_to FROM reserved", on: damage.saved) == "10000")
    #expect(RawDatabase.text("SELECT value FROM settings", on: damage.saved) == "7")
    #expect(try StoreCheck.run(damage.saved) { Issue.record("\($0)") }.functions == 7)
  }

  /// Whatever page it is, no more is lost than its own jobs, which lie side by side.
  @Test func `with a page of zeros saves all jobs of other pages`() throws {
    let damage = try Damage()
    for page in 0..<damage.pages where page < 8 || page % 25 == 0 {
      let bytes = damage.changed(page) { for index in $0.indices { $0[index] = 0 } }
      try expectFewLost(damage, bytes, "page \(page + 1)")
    }
  }

  @Test func `with changed bytes saves all jobs of other pages`() throws {
    let damage = try Damage()
    let environment = ProcessInfo.processInfo.environment
    let seed = UInt64(environment["DAMAGE_SEED"] ?? "") ?? 1
    var state = seed
    func next(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    let count = Int(environment["DAMAGE_COUNT"] ?? "") ?? 12
    for _ in 0..<count {
      let page = next(2) == 0 ? next(8) : next(damage.pages)
      let offset = next(2) == 0 ? next(16) : next(Damage.page)
      let bytes = damage.changed(page) { $0[$0.startIndex + offset] ^= UInt8(1 + next(255)) }
      try expectFewLost(damage, bytes, "seed \(seed): page \(page + 1), byte \(offset)")
    }
  }

  @Test(arguments: [1, 3, 10, 30]) func `that was cut saves the jobs before the cut`(
    _ tenth: Int
  ) throws {
    let damage = try Damage()
    let length = damage.sound.count / 31 * tenth + 100
    let (problems, report, jobs) = try damage.salvage(Array(damage.sound.prefix(length)))
    #expect(problems > 0)
    #expect(!report.isComplete)
    let whole = length / Damage.page - 7
    #expect(jobs.count > whole * 10 - 700, "\(jobs.count) of \(length) bytes")
    for (id, job) in jobs { #expect(damage.jobs[id] == job) }
  }

  @Test func `whose first pages of the jobs are a copy of another finds the others`() throws {
    let damage = try Damage()
    let leaf = damage.sound[50 * Damage.page..<51 * Damage.page]
    let bytes = damage.changed(1) { $0.replaceSubrange($0.indices, with: leaf) }
    let (problems, _, jobs) = try damage.salvage(bytes)
    #expect(problems > 0)
    #expect(jobs == damage.jobs)
  }

  @Test func `reads what is in its log only`() throws {
    let damage = try Damage()
    try Data(damage.sound).write(to: URL(fileURLWithPath: damage.path))
    RawDatabase.run("DELETE FROM jobs WHERE id > 2000", on: damage.path, isCrash: true)
    #expect(FileManager.default.fileExists(atPath: damage.path + "-wal"))
    let report = try Salvage.run(damage.path, to: damage.saved)
    #expect(report.isComplete, "\(report)")
    #expect(Damage.jobs(in: damage.saved) == damage.jobs.filter { $0.key <= 2000 })
    #expect(FileManager.default.fileExists(atPath: damage.path + "-wal"))
  }

  @Test func `says which jobs have the same names, and keeps the first`() throws {
    let damage = try Damage()
    try Data(damage.sound).write(to: URL(fileURLWithPath: damage.path))
    RawDatabase.run(
      "UPDATE jobs SET func = CAST('function 3' AS BLOB), name = CAST('job 1200' AS BLOB)"
        + " WHERE id = 1300",
      on: damage.path)
    var problems: [String] = []
    _ = try StoreCheck.run(damage.path) { problems.append($0) }
    #expect(problems == ["job 1300: has the function and the name of job 1200"])
    #expect(try Salvage.run(damage.path, to: damage.saved).duplicates == 1)
    #expect(Damage.jobs(in: damage.saved) == damage.jobs.filter { $0.key != 1300 })
  }

  @Test(arguments: [
    ("UPDATE jobs SET origin = 9 WHERE id = 1200", "job 1200: origin 9"),
    ("UPDATE jobs SET name = x'' WHERE id = 1200", "job 1200: name of 0 bytes"),
    ("UPDATE settings SET value = -1", "settings: a is -1"),
    (
      "UPDATE reserved SET up_to = 9",
      "reserved: numbers up to 9 were given away, but there is 2999"
    ),
  ])
  func `says which values no server could take`(_ change: String, _ sentence: String) throws {
    let damage = try Damage()
    try Data(damage.sound).write(to: URL(fileURLWithPath: damage.path))
    RawDatabase.run(change, on: damage.path)
    var problems: [String] = []
    _ = try StoreCheck.run(damage.path) { problems.append($0) }
    #expect(problems == [sentence])
  }

  @Test func `leaves out what was dropped, and no number is given away twice`() throws {
    let damage = try Damage()
    try Data(damage.sound).write(to: URL(fileURLWithPath: damage.path))
    RawDatabase.run(
      "INSERT INTO drops SELECT func, 2000 FROM jobs WHERE id = 1200; DELETE FROM reserved;",
      on: damage.path)
    let report = try Salvage.run(damage.path, to: damage.saved)
    #expect(report.droppedRows > 50)
    #expect(report.jobs == damage.jobs.count - report.droppedRows)
    let limit = Int(RawDatabase.text("SELECT up_to FROM reserved", on: damage.saved) ?? "") ?? 0
    #expect(limit > 10000)
  }

  @Test func `writes over no file, and not beside a server`() throws {
    let damage = try Damage()
    let store = SQLiteStore(path: damage.path)
    try store.open()
    #expect(throws: StoreError.self) { try StoreCheck.run(damage.path) { _ in } }
    #expect(throws: StoreError.self) { try Salvage.run(damage.path, to: damage.saved) }
    store.close()
    try Data([1]).write(to: URL(fileURLWithPath: damage.saved))
    #expect(throws: StoreError.self) { try Salvage.run(damage.path, to: damage.saved) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: damage.saved)) == Data([1]))
  }

  private func expectFewLost(_ damage: Damage, _ bytes: [UInt8], _ what: String) throws {
    let (problems, report, jobs) = try damage.salvage(bytes)
    let lost = damage.jobs.keys.filter { jobs[$0] == nil }.sorted()
    #expect(lost.count <= Self.mostInPage, "\(what): \(report)")
    if let first = lost.first, let last = lost.last {
      let between = damage.jobs.keys.count { first...last ~= $0 }
      #expect(between == lost.count, "\(what): they lie side by side")
      #expect(problems > 0, "\(what): is noticed")
    }
    // Nothing notices a changed byte inside a value.
    let changed = jobs.count { damage.jobs[$0.key] != $0.value }
    #expect(changed <= 1, "\(what)")
    var sentences: [String] = []
    _ = try StoreCheck.run(damage.saved) { sentences.append($0) }
    #expect(sentences == [], "\(what)")
  }
}
