public import PeriodicCore

/// Some of what a store hands back, with the bytes it speaks of, on its way to the loop.
public final class StoredChunk {
  private enum Kind: UInt8 {
    case job, function, setting, reserved
  }

  private var content = ByteBuffer()
  /// Items in the chunk.
  public private(set) var count = 0

  public init() {}

  public var isEmpty: Bool { count == 0 }
  /// Bytes in the chunk.
  public var byteCount: Int { content.count }

  /// Copies one item, and the bytes it borrows, to the end.
  public func append(_ item: StoredItem) {
    count += 1
    switch item {
    case .job(let entry):
      start(.job, entry.id.number)
      content.append(uint64: UInt64(bitPattern: entry.due))
      content.append(uint32: UInt32(entry.workloadLength))
      content.append(bytes32: entry.key.function)
      content.append(bytes32: entry.key.name)
    case .function(let name):
      start(.function, 0)
      content.append(bytes32: name)
    case .setting(let key, let value):
      start(.setting, UInt64(value))
      content.append(bytes32: key)
    case .reserved(let limit): start(.reserved, limit)
    }
  }

  /// Calls `body` with each item in order; what it borrows is the chunk's.
  public func forEach(_ body: (StoredItem) -> Void) {
    var reader = ByteReader(content.bytes)
    while !reader.isAtEnd {
      guard let item = StoredChunk.next(&reader) else {
        fatalError("a chunk holds whole items")
      }
      body(item)
    }
  }

  private func start(_ kind: Kind, _ number: UInt64) {
    content.append(uint8: kind.rawValue)
    content.append(uint64: number)
  }

  private static func next(_ reader: inout ByteReader) -> StoredItem? {
    guard let byte = reader.uint8(), let kind = Kind(rawValue: byte),
      let number = reader.uint64()
    else { return nil }
    switch kind {
    case .job:
      guard let due = reader.uint64(), let length = reader.uint32(),
        let function = reader.bytes32(), let name = reader.bytes32()
      else { return nil }
      return .job(
        StoredEntry(
          id: JobID(number), key: JobKey(function: function, name: name),
          due: Int64(bitPattern: due), workloadLength: Int(length)))
    case .function: return reader.bytes32().map { .function($0) }
    case .setting: return reader.bytes32().map { .setting(key: $0, value: UInt32(number)) }
    case .reserved: return .reserved(upTo: number)
    }
  }
}
