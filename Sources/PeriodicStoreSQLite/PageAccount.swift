import PeriodicStore

/// Whether each page of a store's file has its place: in one tree, in one row, or among the free.
///
/// SQLite's own check leaves that out for a file whose list of tables has a view as its last entry,
/// as ours has (seen in 3.40.1).
enum PageAccount {
  /// Sentences about what is wrong.
  static func problems(_ path: String) throws(StoreError) -> [String] {
    let pages = try PageSource(path)
    guard let header = pages.page(1), PageSource.isSound(header) else { return [] }
    let walk = TreeWalk(pages)
    for root in SalvageSource.tables(walk).values.sorted() {
      guard let page = pages.page(root).flatMap({ TreePage($0, number: root) }) else { continue }
      if page.kind.isTable {
        walk.walkTable(root) { _, _ in }
      } else {
        walk.walkIndex(root) { _ in }
      }
    }
    var problems: [String] = []
    if !walk.markFree(first: header.uint32(at: 32), count: header.uint32(at: 36)) {
      problems.append("the list of free pages is damaged")
    }
    let hasMap = header.uint32(at: 52) != 0
    let loose = walk.unused.filter { !(hasMap && isMap($0, pages.pageSize)) }
    if !loose.isEmpty {
      let some = loose.prefix(8).map(String.init).joined(separator: ", ")
      let more = loose.count > 8 ? " and \(loose.count - 8) more" : ""
      problems.append("nothing leads to page \(some)\(more)")
    }
    return problems
  }

  /// With auto_vacuum, page 2 and every so manieth after it are maps of the pages between.
  private static func isMap(_ number: UInt32, _ size: Int) -> Bool {
    number >= 2 && (Int(number) - 2) % (size / 5 + 1) == 0
  }
}
