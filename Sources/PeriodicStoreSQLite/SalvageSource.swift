import PeriodicCore
import PeriodicStore

/// A damaged store's file, read for what can be saved of it.
final class SalvageSource {
  /// Where the trees of the tables begin.
  struct Roots: Equatable {
    var jobs: UInt32 = 0
    var functions: UInt32 = 0
    var settings: UInt32 = 0
    var drops: UInt32 = 0
    var reserved: UInt32 = 0
  }

  let pages: PageSource
  let walk: TreeWalk
  let roots: Roots
  /// Whether the roots are from the file's own list of tables.
  let hasSchema: Bool
  /// Whether all free pages are known: no old rows can come from them.
  let knowsFree: Bool

  init(_ path: String) throws(StoreError) {
    pages = try PageSource(path)
    walk = TreeWalk(pages)
    let header = pages.page(1) ?? []
    let isSound = PageSource.isSound(header)
    let mark = isSound ? header.uint32(at: 68) : 0
    var found = isSound ? SalvageSource.tables(walk) : [:]
    // A foreign file has a list of tables that says so, and not ours.
    if isSound, mark != UInt32(Schema.applicationID), !found.isEmpty, found["jobs"] == nil {
      throw StoreError(.corrupt, "\(path): a SQLite file, but not one of Periodic")
    }
    let guess = SalvageSource.guess(pages)
    hasSchema = ["jobs", "functions", "settings", "drops", "reserved"]
      .allSatisfy { found[$0] != nil }
    found.merge(guess) { own, _ in own }
    roots = Roots(
      jobs: found["jobs"] ?? 0, functions: found["functions"] ?? 0,
      settings: found["settings"] ?? 0, drops: found["drops"] ?? 0,
      reserved: found["reserved"] ?? 0)
    knowsFree =
      isSound && walk.markFree(first: header.uint32(at: 32), count: header.uint32(at: 36))
  }

  /// The roots of tables and indexes by name, from the file's list of them.
  static func tables(_ walk: TreeWalk) -> [String: UInt32] {
    var roots: [String: UInt32] = [:]
    walk.walkTable(1) { _, bytes in
      guard let row = Record(bytes), row.values.count == 5, let name = row.text(1),
        let root = row.number(3).flatMap(UInt32.init(exactly:)), root > 0
      else { return }
      roots[name] = root
    }
    return roots
  }

  /// The tables of a new store have their roots one after the other, in the order of `Schema`;
  /// with a page more before them where the file keeps a map of its pages.
  private static func guess(_ pages: PageSource) -> [String: UInt32] {
    let names = ["jobs", "functions", "settings", "drops", "reserved"]
    func fits(_ first: UInt32) -> Int {
      names.indices.count { index in
        let number = first + UInt32(index)
        let page = pages.page(number).flatMap { TreePage($0, number: number) }
        return page?.kind.isTable == (index == 0 || index == 4)
      }
    }
    let first: UInt32 = fits(3) > fits(2) ? 3 : 2
    return Dictionary(
      uniqueKeysWithValues: names.enumerated().map { ($1, first + UInt32($0)) })
  }
}
