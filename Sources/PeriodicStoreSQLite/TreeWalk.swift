/// Goes through the b-trees of a file that may be damaged, and keeps account of its pages.
///
/// Every page has a range of keys that its parents promise. What does not keep it is not of the
/// tree: a pointer that was changed leads into other trees' pages. So one damaged page costs its
/// own rows, and, if it is an interior one, makes a range of keys known whose leaves nothing leads
/// to any more: `lost`.
final class TreeWalk {
  private let source: PageSource
  /// By number of the page: it has its place in a tree, in a row, or among the free pages.
  private var isUsed: [Bool]
  /// Pages that should be there and are not what they should be.
  private(set) var damaged: Set<UInt32> = []
  /// Keys of the table that was walked last whose pages were not found.
  private(set) var lost: [ClosedRange<Int64>] = []
  /// Rows that were there in part.
  private(set) var brokenRows = 0

  /// No tree is deeper, whatever its pages are filled with.
  private static let deepest = 24

  init(_ source: PageSource) {
    self.source = source
    isUsed = [Bool](repeating: false, count: Int(source.count) + 1)
  }

  /// Shows the rows of a table: their ids and records.
  func walkTable(_ root: UInt32, _ body: (Int64, [UInt8]) -> Void) {
    lost = []
    descend(root, Int64.min...Int64.max, 0, body)
  }

  /// Shows the entries of an index, or of a table whose key is not a number.
  func walkIndex(_ root: UInt32, _ body: ([UInt8]) -> Void) {
    walkIndex(root, 0, body)
  }

  /// Pages that have no place in what was walked so far.
  var unused: [UInt32] { (1..<isUsed.count).filter { !isUsed[$0] }.map { UInt32($0) } }

  /// Shows the rows of leaves that nothing leads to: those in the ranges that were lost, or, where
  /// all free pages are known, any.
  func searchLoose(knowsFree: Bool, _ body: (Int64, [UInt8]) -> Void) {
    if lost.isEmpty && !knowsFree || source.count == 0 { return }
    for number in 1...source.count where !isUsed[Int(number)] {
      guard let bytes = source.page(number), let page = TreePage(bytes, number: number),
        page.kind == .tableLeaf
      else { continue }
      for cell in page.cells {
        guard let cell, knowsFree || lost.contains(where: { $0.contains(cell.id) }),
          let record = record(cell, page)
        else { continue }
        body(cell.id, record)
      }
    }
  }

  /// Marks the pages that nothing is kept in; they may have rows that are long gone.
  ///
  /// False if not all are known.
  func markFree(first: UInt32, count: UInt32) -> Bool {
    var trunk = first
    var left = Int(count)
    while trunk != 0 {
      guard take(trunk), let bytes = source.page(trunk) else { return false }
      let leaves = Int(bytes.uint32(at: 4))
      guard leaves <= bytes.count / 4 - 2, leaves < left else { return false }
      for index in 0..<leaves where !take(bytes.uint32(at: 8 + 4 * index)) { return false }
      left -= leaves + 1
      trunk = bytes.uint32(at: 0)
    }
    return left == 0
  }

  private func take(_ number: UInt32) -> Bool {
    guard number >= 1, number <= source.count, !isUsed[Int(number)] else { return false }
    isUsed[Int(number)] = true
    return true
  }

  private func descend(
    _ number: UInt32, _ range: ClosedRange<Int64>, _ depth: Int, _ body: (Int64, [UInt8]) -> Void
  ) {
    guard depth < TreeWalk.deepest, take(number) else {
      if number > source.count { damaged.insert(number) }
      return lost.append(range)
    }
    guard let bytes = source.page(number), let page = TreePage(bytes, number: number),
      page.kind.isTable
    else {
      damaged.insert(number)
      return lost.append(range)
    }
    let cells = page.cells
    let known = cells.compactMap { $0 }
    // A page of another place of the tree, or of another tree; only a whole table can be empty.
    if depth > 0 || !known.isEmpty, !known.contains(where: { range.contains($0.id) }) {
      isUsed[Int(number)] = false
      return lost.append(range)
    }
    let ordered = Ascending.longest(known.filter { range.contains($0.id) }.map(\.id))
    if ordered.count < cells.count { damaged.insert(number) }
    if page.kind == .tableLeaf {
      visitRows(page, cells, ordered, body)
    } else {
      visitChildren(page, cells, ordered, range, depth, body)
    }
  }

  private func visitRows(
    _ page: TreePage, _ cells: [TreePage.Cell?], _ ordered: [Int64],
    _ body: (Int64, [UInt8]) -> Void
  ) {
    var rest = ordered[...]
    for cell in cells {
      guard let cell, cell.id == rest.first else {
        brokenRows += 1
        continue
      }
      rest.removeFirst()
      if let record = record(cell, page) { body(cell.id, record) } else { brokenRows += 1 }
    }
  }

  private func visitChildren(
    _ page: TreePage, _ cells: [TreePage.Cell?], _ ordered: [Int64],
    _ range: ClosedRange<Int64>, _ depth: Int, _ body: (Int64, [UInt8]) -> Void
  ) {
    var rest = ordered[...]
    var lower = range.lowerBound
    for cell in cells {
      if let cell, cell.id == rest.first {
        rest.removeFirst()
        descend(cell.child, lower...cell.id, depth + 1, body)
        lower = cell.id == Int64.max ? cell.id : cell.id + 1
      } else {
        // Its key is unknown: its child ends somewhere before the next one's.
        let upper = rest.first ?? range.upperBound
        if let cell {
          descend(cell.child, lower...upper, depth + 1, body)
        } else {
          lost.append(lower...upper)
        }
      }
    }
    descend(page.rightmost, lower...range.upperBound, depth + 1, body)
  }

  private func walkIndex(_ number: UInt32, _ depth: Int, _ body: ([UInt8]) -> Void) {
    guard depth < TreeWalk.deepest, take(number) else {
      damaged.insert(number)
      return
    }
    guard let bytes = source.page(number), let page = TreePage(bytes, number: number),
      !page.kind.isTable
    else {
      damaged.insert(number)
      return
    }
    for cell in page.cells {
      guard let cell else {
        damaged.insert(number)
        continue
      }
      if page.kind.isInterior { walkIndex(cell.child, depth + 1, body) }
      if let record = record(cell, page) { body(record) } else { damaged.insert(number) }
    }
    if page.kind.isInterior { walkIndex(page.rightmost, depth + 1, body) }
  }

  /// The whole record, with what lies in further pages.
  private func record(_ cell: TreePage.Cell, _ page: TreePage) -> [UInt8]? {
    var record = Array(page.bytes[cell.local])
    if cell.overflow == 0 { return record.count == cell.length ? record : nil }
    let size = source.pageSize - 4
    guard cell.length <= Int(source.count) * size else { return nil }
    record.reserveCapacity(cell.length)
    var chain: [UInt32] = []
    var next = cell.overflow
    while record.count < cell.length {
      guard next >= 1, next <= source.count, !isUsed[Int(next)], let bytes = source.page(next)
      else {
        free(chain)
        return nil
      }
      isUsed[Int(next)] = true
      chain.append(next)
      record += bytes[4..<4 + min(size, cell.length - record.count)]
      next = bytes.uint32(at: 0)
    }
    if next == 0 { return record }
    free(chain)
    return nil
  }

  private func free(_ chain: [UInt32]) {
    for number in chain { isUsed[Int(number)] = false }
  }
}
