import CSQLite
import Glibc
import PeriodicStore

/// Keeps the file small: at most about twice what is in it, and some room.
///
/// Rows that go leave pages that are empty, and pages that are half empty. The first kind is cut
/// off the file's end, after pages from there have moved into them; the second goes when the rows
/// are written anew, in their order, one stretch after the other. Both in slices of a few
/// milliseconds, each a transaction of its own, so that batches go on between them.
///
/// Used pages stay below `fullness` times the jobs and free ones below a quarter of the used, each
/// with `slackBytes` more.
struct Compaction {
  enum Phase: Equatable {
    case resting
    /// Rows up to `cursor` have been written anew; those behind `end` came later.
    case sweeping(cursor: Int64, end: Int64)
    case shrinking
  }

  /// A sweep begins where pages take so many times the bytes of the jobs.
  static let fullness = 1.6
  /// Rows, and bytes of them, that a slice writes anew.
  static let rowsInSlice: Int64 = 512
  static let bytesInSlice: Int64 = 256 << 10
  /// A row of that many bytes has its page, or several, for itself wherever it lies.
  static let wideRow: Int64 = 2000
  /// Pages that a slice takes from the end of the file, so many at a time, for so many
  /// milliseconds: for each SQLite searches the list of free pages, which may be long.
  static let pagesInSlice = 128
  static let pagesAtOnce = 4
  static let shrinkTime: Int64 = 3

  let slackBytes: Int
  /// Whether the file keeps the map of its pages that shrinking needs: it is made with the file.
  let canShrink: Bool
  var phase = Phase.resting
  /// What the jobs take when nothing is wasted; nil until a batch tells.
  var liveBytes: Int?
  /// Bytes of pages to bytes of jobs, as the last sweep left them: rows of half a page and a bit
  /// waste the rest of it for good.
  var leastFullness = 0.0

  func isSparse(_ usedBytes: Int) -> Bool {
    guard let liveBytes else { return false }
    let most = max(Compaction.fullness, leastFullness * 1.25) * Double(liveBytes)
    return usedBytes > Int(most) + slackBytes
  }

  func hasRoom(_ freeBytes: Int, besides usedBytes: Int) -> Bool {
    // Begun, it goes on for a while: else every few deletions would begin it anew.
    let part = phase == .shrinking ? 2 : 1
    return freeBytes > (usedBytes / 4 + slackBytes) / part
  }
}

extension JobDatabase {
  /// Does one slice.
  ///
  /// - Returns: whether there is more to do.
  func compact() throws(StoreError) -> Bool {
    let pageSize = try connection.number("PRAGMA page_size", "look for room")
    let freeBytes = try freeBytes()
    let pages = try connection.number("PRAGMA page_count", "look for room")
    let usedBytes = Int(pages * pageSize) - freeBytes
    switch compaction.phase {
    case .resting:
      if compaction.isSparse(usedBytes) {
        compaction.phase = .sweeping(cursor: -1, end: Int64(clamping: highest))
        return true
      }
      if compaction.canShrink, compaction.hasRoom(freeBytes, besides: usedBytes) {
        compaction.phase = .shrinking
        return true
      }
      return false
    case .sweeping(let cursor, let end):
      if let next = try rewriteRows(after: cursor, through: end) {
        compaction.phase = .sweeping(cursor: next, end: end)
      } else {
        compaction.leastFullness = Double(usedBytes) / Double(max(1, compaction.liveBytes ?? 1))
        compaction.phase = .resting
      }
      return true
    case .shrinking:
      if compaction.hasRoom(freeBytes, besides: usedBytes) {
        try shrink()
      } else {
        // The file itself ends earlier only when the log has been moved into it.
        sqlite3_wal_checkpoint_v2(connection.handle, "main", SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        compaction.phase = .resting
      }
      return true
    }
  }

  private func shrink() throws(StoreError) {
    let end = milliseconds() + Compaction.shrinkTime
    try connection.transaction { () throws(StoreError) in
      for _ in 0..<Compaction.pagesInSlice / Compaction.pagesAtOnce {
        try connection.run(
          "PRAGMA incremental_vacuum(\(Compaction.pagesAtOnce))", "make the file smaller")
        if milliseconds() >= end { return }
      }
    }
  }

  private func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// Takes rows out and puts them back, which leaves their pages nearly full.
  ///
  /// - Returns: the last row looked at; nil if there was none.
  private func rewriteRows(after cursor: Int64, through end: Int64) throws(StoreError) -> Int64? {
    let stretch = try nextStretch(after: cursor, through: end)
    guard let narrow = stretch.narrow else { return stretch.last }
    let range = "BETWEEN \(narrow.lowerBound) AND \(narrow.upperBound)"
    // As SQL, so that columns go with their rows that only a later version knows of.
    try connection.run(
      "CREATE TEMP TABLE IF NOT EXISTS moved AS SELECT * FROM main.jobs WHERE 0", "compact")
    try connection.transaction { () throws(StoreError) in
      try connection.run(
        """
        DELETE FROM temp.moved;
        INSERT INTO temp.moved SELECT * FROM main.jobs WHERE id \(range) ORDER BY id;
        DELETE FROM main.jobs WHERE id \(range);
        INSERT INTO main.jobs SELECT * FROM temp.moved ORDER BY rowid;
        DELETE FROM temp.moved;
        """, "compact")
    }
    return stretch.last
  }

  /// The next rows of a slice: the last one looked at, and the ids of those that can be packed.
  private func nextStretch(
    after cursor: Int64, through end: Int64
  ) throws(StoreError) -> (last: Int64?, narrow: ClosedRange<Int64>?) {
    var last: Int64?
    var narrow: ClosedRange<Int64>?
    var bytes: Int64 = 0
    let rows = try Statement(
      """
      SELECT id, length(func) + length(name) + length(workload) FROM jobs
      WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3
      """, on: connection, "compact")
    rows.bind(1, cursor)
    rows.bind(2, end)
    rows.bind(3, Compaction.rowsInSlice)
    while bytes < Compaction.bytesInSlice, try rows.step() {
      let id = rows.number(0)
      let isWide = rows.number(1) >= Compaction.wideRow
      // A stretch ends at a wide row, which stays where it is.
      if isWide, narrow != nil { break }
      last = id
      if !isWide {
        bytes += rows.number(1)
        narrow = (narrow?.lowerBound ?? id)...id
      }
    }
    return (last, narrow)
  }
}
