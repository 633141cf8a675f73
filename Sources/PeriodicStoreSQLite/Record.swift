/// One row as SQLite's file has it: the values of its columns, which lie in `bytes`.
struct Record {
  enum Value: Equatable {
    case null
    case integer(Int64)
    case real
    case text(Range<Int>)
    case blob(Range<Int>)
  }

  let bytes: [UInt8]
  let values: [Value]

  /// nil if these bytes are no record, or one of more than `most` columns.
  init?(_ bytes: [UInt8], most: Int = 16) {
    var offset = 0
    guard let header = bytes.varint(at: &offset, before: bytes.count),
      Int64(offset)...Int64(bytes.count) ~= header
    else { return nil }
    var start = Int(header)
    var values: [Value] = []
    values.reserveCapacity(11)
    while offset < header {
      guard values.count < most, let type = bytes.varint(at: &offset, before: Int(header)),
        let value = Record.value(type, bytes, &start)
      else { return nil }
      values.append(value)
    }
    // A record ends with its last column.
    guard start == bytes.count else { return nil }
    self.bytes = bytes
    self.values = values
  }

  func number(_ column: Int) -> Int64? {
    if case .integer(let value) = values[column] { value } else { nil }
  }

  func blob(_ column: Int) -> Range<Int>? {
    if case .blob(let range) = values[column] { range } else { nil }
  }

  func text(_ column: Int) -> String? {
    if case .text(let range) = values[column] {
      String(decoding: bytes[range], as: UTF8.self)
    } else {
      nil
    }
  }

  private static func value(_ type: Int64, _ bytes: [UInt8], _ start: inout Int) -> Value? {
    let length: Int64
    switch type {
    case 0, 8, 9: length = 0
    case 1...4: length = type
    case 5: length = 6
    case 6, 7: length = 8
    case 12...: length = (type - 12) / 2
    default: return nil
    }
    guard length <= Int64(bytes.count - start) else { return nil }
    let range = start..<start + Int(length)
    start = range.upperBound
    switch type {
    case 0: return .null
    case 7: return .real
    case 8, 9: return .integer(type - 8)
    case 1...6:
      let negative = bytes[range.lowerBound] >= 0x80
      return .integer(bytes[range].reduce(negative ? -1 : 0) { $0 << 8 | Int64($1) })
    default: return type % 2 == 0 ? .blob(range) : .text(range)
    }
  }
}
