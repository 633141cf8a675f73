import Glibc
import PeriodicCore
import PeriodicWire

/// Sorts lines of jobs by function and name in bounded memory: sorted runs go to one temporary file
/// without a name, which are then merged. Of lines for the same job the last one counts.
final class LineSorter {
  private let directory: String
  private let limit: Int
  /// Records one behind the other: length of the key, length of the line, key, line.
  private var records = ByteBuffer()
  private var offsets: [Int] = []
  private var key: [UInt8] = []
  private var file: Int32 = -1
  private var written = 0
  private var runs: [Range<Int>] = []

  /// - Parameters:
  ///   - directory: where the temporary file is, if one is needed.
  ///   - limit: bytes of lines in memory.
  init(directory: String, limit: Int) {
    self.directory = directory
    self.limit = limit
  }

  deinit { if file >= 0 { close(file) } }

  func add(_ line: Bytes) throws {
    key.removeAll(keepingCapacity: true)
    do {
      try LineKey.append(of: line, to: &key)
    } catch {
      throw Failure("dump: the server sent a line that is no job: \(error.text)")
    }
    offsets.append(records.count)
    records.append(uint32: UInt32(key.count))
    records.append(uint32: UInt32(line.count))
    key.withUnsafeBytes { records.append($0) }
    records.append(line)
    if records.count + 8 * offsets.count >= limit { try endRun() }
  }

  /// Shows the lines in their order, each job's once.
  func finish(_ show: (Bytes) throws -> Void) throws {
    if runs.isEmpty {
      try showSorted(show)
    } else {
      if !offsets.isEmpty { try endRun() }
      records.reset(keeping: 0)
      offsets = []
      try merge(show)
    }
  }

  private func showSorted(_ show: (Bytes) throws -> Void) throws {
    let order = sorted()
    for (place, offset) in order.enumerated() {
      let record = LineRecord(at: offset, in: records.bytes)
      if place + 1 < order.count,
        LineRecord(at: order[place + 1], in: records.bytes).key.equals(record.key)
      {
        continue
      }
      try show(record.line)
    }
  }

  private func sorted() -> [Int] {
    let bytes = records.bytes
    return offsets.sorted { left, right in
      let order = LineRecord(at: left, in: bytes).order(before: LineRecord(at: right, in: bytes))
      return order == 0 ? left < right : order < 0
    }
  }

  private func endRun() throws {
    if file < 0 { file = try LineSorter.temporaryFile(directory) }
    let start = written
    var block = ByteBuffer()
    for offset in sorted() {
      block.append(LineRecord(at: offset, in: records.bytes).all)
      if block.count >= 1 << 20 { try flush(&block) }
    }
    try flush(&block)
    runs.append(start..<written)
    offsets.removeAll(keepingCapacity: true)
    records.reset(keeping: 2 * limit)
  }

  private func flush(_ block: inout ByteBuffer) throws {
    guard writeAll(block.bytes, to: file) else {
      throw Failure("\(directory): temporary file: \(systemError())")
    }
    written += block.count
    block.reset(keeping: 4 << 20)
  }

  /// Merges by a heap of the runs' first records; of equal keys the earlier run's comes first.
  private func merge(_ show: (Bytes) throws -> Void) throws {
    let share = max(64 << 10, min(4 << 20, limit / 2 / runs.count))
    var heap = RunHeap()
    for (number, run) in runs.enumerated() {
      let reader = RunReader(file, run, number: number, block: share)
      if try reader.advance() { heap.insert(reader) }
    }
    var lastKey = ByteBuffer()
    var lastLine = ByteBuffer()
    var hasLast = false
    while let reader = heap.first {
      let record = reader.record
      if hasLast, !record.key.equals(lastKey.bytes) { try show(lastLine.bytes) }
      lastKey.reset(keeping: 1 << 20)
      lastLine.reset(keeping: 1 << 20)
      lastKey.append(record.key)
      lastLine.append(record.line)
      hasLast = true
      heap.firstMoved(isThere: try reader.advance())
    }
    if hasLast { try show(lastLine.bytes) }
  }

  /// A file that is gone when the process is, however that ends.
  private static func temporaryFile(_ directory: String) throws -> Int32 {
    var name = Array((directory + "/periodic-sort.XXXXXX").utf8CString)
    let file = mkstemp(&name)
    guard file >= 0 else { throw Failure("\(directory): temporary file: \(systemError())") }
    unlink(name)
    return file
  }
}

/// A line with its key, in memory that is somebody else's.
struct LineRecord {
  static let head = 8

  let all: Bytes
  let key: Bytes
  let line: Bytes

  init(at offset: Int, in bytes: Bytes) {
    let (keyCount, lineCount) = LineRecord.lengths(at: offset, in: bytes)
    let start = offset + LineRecord.head
    key = Bytes(rebasing: bytes[start..<start + keyCount])
    line = Bytes(rebasing: bytes[start + keyCount..<start + keyCount + lineCount])
    all = Bytes(rebasing: bytes[offset..<start + keyCount + lineCount])
  }

  static func lengths(at offset: Int, in bytes: Bytes) -> (key: Int, line: Int) {
    let key = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    let line = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
    return (Int(key), Int(line))
  }

  /// Negative if this key comes before the other, 0 if they are equal.
  func order(before other: LineRecord) -> Int {
    if let left = key.baseAddress, let right = other.key.baseAddress {
      let order = memcmp(left, right, min(key.count, other.key.count))
      if order != 0 { return Int(order) }
    }
    return key.count - other.key.count
  }
}
