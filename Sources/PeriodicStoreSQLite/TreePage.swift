/// One page of a b-tree in SQLite's file, as far as its bytes make sense.
struct TreePage {
  enum Kind: UInt8 {
    case indexInterior = 2
    case tableInterior = 5
    case indexLeaf = 10
    case tableLeaf = 13

    var isInterior: Bool { self == .indexInterior || self == .tableInterior }
    var isTable: Bool { self == .tableInterior || self == .tableLeaf }
  }

  /// What one cell says; what its kind of page does not have is 0 or empty.
  struct Cell {
    var child: UInt32 = 0
    var id: Int64 = 0
    /// Bytes of the whole record.
    var length = 0
    /// The part of the record that is in the page.
    var local = 0..<0
    /// The page with the rest of it.
    var overflow: UInt32 = 0
  }

  let kind: Kind
  let bytes: [UInt8]
  private let header: Int
  private let cellCount: Int

  /// nil if these bytes are no such page.
  init?(_ bytes: [UInt8], number: UInt32) {
    header = number == 1 ? PageSource.headerSize : 0
    guard let kind = Kind(rawValue: bytes[header]) else { return nil }
    self.kind = kind
    self.bytes = bytes
    cellCount = bytes.uint16(at: header + 3)
    // Even the smallest cell and its pointer need six bytes.
    if cellCount > bytes.count / 6 { return nil }
    if kind.isInterior, cellCount == 0, rightmost == 0 { return nil }
  }

  /// The last child of an interior page.
  var rightmost: UInt32 { bytes.uint32(at: header + 8) }

  /// Its cells in order; nil for one that makes no sense.
  var cells: [Cell?] { (0..<cellCount).map(cell) }

  private func cell(_ index: Int) -> Cell? {
    let pointers = header + (kind.isInterior ? 12 : 8)
    var offset = bytes.uint16(at: pointers + 2 * index)
    guard offset >= pointers + 2 * cellCount, offset + 4 <= bytes.count else { return nil }
    var cell = Cell()
    if kind.isInterior {
      cell.child = bytes.uint32(at: offset)
      offset += 4
    }
    if kind != .tableInterior {
      guard let length = bytes.varint(at: &offset, before: bytes.count),
        0...Int64(Int32.max) ~= length
      else { return nil }
      cell.length = Int(length)
    }
    if kind.isTable {
      guard let id = bytes.varint(at: &offset, before: bytes.count) else { return nil }
      cell.id = id
    }
    return kind == .tableInterior || place(&cell, at: offset) ? cell : nil
  }

  /// Finds the part of the record in the page, and the first page of the rest.
  private func place(_ cell: inout Cell, at offset: Int) -> Bool {
    let size = bytes.count
    let most = kind.isTable ? size - 35 : (size - 12) * 64 / 255 - 23
    var local = cell.length
    if local > most {
      let least = (size - 12) * 32 / 255 - 23
      local = least + (cell.length - least) % (size - 4)
      if local > most { local = least }
    }
    guard offset + local <= size else { return false }
    cell.local = offset..<offset + local
    if local == cell.length { return true }
    guard offset + local + 4 <= size else { return false }
    cell.overflow = bytes.uint32(at: offset + local)
    return true
  }
}
