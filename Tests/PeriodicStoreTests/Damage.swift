import Foundation
import PeriodicCore
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance

/// A store's file, to be damaged in many ways, with what is known to be in it.
struct Damage {
  static let page = 4096
  let scratch = ScratchDirectory()
  let sound: [UInt8]
  /// What the sound file has of each job, by its id.
  let jobs: [Int64: String]

  var path: String { scratch.file("damaged") }
  var saved: String { scratch.file("saved") }
  var pages: Int { sound.count / Damage.page }

  /// Some thousand jobs, of which some have ended, and some do not fit into one page.
  init() throws {
    let path = scratch.file("sound")
    let store = SQLiteStore(path: path)
    try store.open()
    store.close()
    RawDatabase.run(
      """
      WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 2999)
      INSERT INTO jobs(id, func, name, due_ms, scheduled_at, timeout, count, origin,
        previous_run_at, extra, workload)
      SELECT i, CAST('function ' || (i % 7) AS BLOB), CAST('job ' || i AS BLOB), i * 1000, i,
        0, 0, 2, 0, iif(i % 3 = 0, x'01', NULL), zeroblob(iif(i % 200 = 0, 9000, i % 150)) FROM n;
      INSERT INTO functions SELECT DISTINCT func, NULL FROM jobs;
      INSERT INTO settings VALUES(x'61', 7);
      INSERT INTO reserved VALUES(1, 10000);
      DELETE FROM jobs WHERE id % 500 < 100;
      """, on: path)
    sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    jobs = Damage.jobs(in: path)
  }

  /// What a store has of each job.
  static func jobs(in path: String) -> [Int64: String] {
    let text =
      RawDatabase.text(
        """
        SELECT group_concat(id || ' ' || hex(func) || hex(name) || due_ms || quote(extra)
          || length(workload), char(10)) FROM jobs
        """, on: path) ?? ""
    return Dictionary(
      uniqueKeysWithValues: text.split(separator: "\n").map { line in
        (Int64(line.prefix { $0 != " " }) ?? -1, String(line))
      })
  }

  /// Checks and salvages these bytes: the problems found, and what was saved.
  func salvage(_ bytes: [UInt8]) throws -> (problems: Int, report: Salvage, jobs: [Int64: String]) {
    for end in ["", "-wal", "-journal"] {
      unlink(path + end)
      unlink(saved + end)
    }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let report = try Salvage.run(path, to: saved)
    let problems = try StoreCheck.run(path) { _ in }.problems
    return (problems, report, Damage.jobs(in: saved))
  }

  /// The sound bytes with some others in one page.
  func changed(_ page: Int, _ change: (inout ArraySlice<UInt8>) -> Void) -> [UInt8] {
    var bytes = sound
    change(&bytes[page * Damage.page..<(page + 1) * Damage.page])
    return bytes
  }
}
