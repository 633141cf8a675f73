import Glibc
import PeriodicCore

/// Reads a sorted run of records, a block at a time.
final class RunReader {
  let number: Int
  private let file: Int32
  private var place: Int
  private let end: Int
  private let block: Int
  private var buffer = ByteBuffer()
  private var used = 0

  init(_ file: Int32, _ run: Range<Int>, number: Int, block: Int) {
    self.file = file
    self.number = number
    self.block = block
    place = run.lowerBound
    end = run.upperBound
  }

  /// The record that `advance` moved to; good until it moves on.
  var record: LineRecord { LineRecord(at: 0, in: buffer.bytes) }

  /// Moves to the next record; false after the last.
  func advance() throws -> Bool {
    buffer.consume(used)
    used = 0
    guard try has(LineRecord.head) else { return false }
    let (key, line) = LineRecord.lengths(at: 0, in: buffer.bytes)
    let count = LineRecord.head + key + line
    guard try has(count) else { throw Failure("the temporary file has been cut short") }
    used = count
    return true
  }

  private func has(_ count: Int) throws -> Bool {
    while buffer.count < count, place < end {
      let wanted = min(end - place, max(block, count - buffer.count))
      let piece = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 8)
      defer { piece.deallocate() }
      let got = pread(file, piece, wanted, off_t(place))
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw Failure("the temporary file: \(systemError())") }
      buffer.append(Bytes(start: piece, count: got))
      place += got
    }
    return buffer.count >= count
  }
}

/// The runs of a merge, the one with the lowest record first.
struct RunHeap {
  private var readers: [RunReader] = []

  var first: RunReader? { readers.first }

  mutating func insert(_ reader: RunReader) {
    readers.append(reader)
    var place = readers.count - 1
    while place > 0, precedes(place, (place - 1) / 2) {
      readers.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  /// The first one stands at another record, or at none.
  mutating func firstMoved(isThere: Bool) {
    if !isThere {
      readers.swapAt(0, readers.count - 1)
      readers.removeLast()
    }
    var place = 0
    while true {
      var lowest = place
      for child in [2 * place + 1, 2 * place + 2] where child < readers.count {
        if precedes(child, lowest) { lowest = child }
      }
      if lowest == place { return }
      readers.swapAt(place, lowest)
      place = lowest
    }
  }

  private func precedes(_ left: Int, _ right: Int) -> Bool {
    let order = readers[left].record.order(before: readers[right].record)
    return order == 0 ? readers[left].number < readers[right].number : order < 0
  }
}
