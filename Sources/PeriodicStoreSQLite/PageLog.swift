import Glibc

/// The write-ahead log beside a store's file, up to its last whole transaction.
///
/// It ends where SQLite lets it end: at the first frame whose checksum, which covers all frames
/// before it, is wrong. What stands behind may be left from a write that was cut, and older than
/// what is before it, so nothing of it is used.
final class PageLog {
  let pageSize: Int
  /// Pages of the database after the last transaction.
  private(set) var pagesAfter: UInt32 = 0
  /// Frames of whole transactions.
  private(set) var frames = 0
  private let file: Int32
  private var places: [UInt32: Int] = [:]

  /// nil if there is no log, or no whole transaction in it.
  init?(_ path: String) {
    file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    guard let header = PageSource.read(file, at: 0, count: 32),
      header.uint32(at: 0) & ~1 == 0x377f_0682, header.uint32(at: 4) == 3_007_000
    else {
      pageSize = 0
      return nil
    }
    pageSize = Int(header.uint32(at: 8))
    guard pageSize >= 512, pageSize <= 65536, pageSize & (pageSize - 1) == 0 else { return nil }
    var sum = Checksum(isBigEndian: header.uint32(at: 0) & 1 == 1)
    sum.add(header, 0..<24)
    guard sum.first == header.uint32(at: 24), sum.second == header.uint32(at: 28) else {
      return nil
    }
    readFrames(header, sum)
    if frames == 0 { return nil }
  }

  deinit { if file >= 0 { close(file) } }

  func page(_ number: UInt32) -> [UInt8]? {
    places[number].flatMap { PageSource.read(file, at: $0 + 24, count: pageSize) }
  }

  /// How many pages behind the first `count` are here.
  func added(_ count: Int) -> Int { places.keys.count { Int($0) > count && $0 <= pagesAfter } }

  private func readFrames(_ header: [UInt8], _ start: Checksum) {
    var sum = start
    var pending: [UInt32: Int] = [:]
    var offset = 32
    var read = 0
    while let frame = PageSource.read(file, at: offset, count: 24 + pageSize) {
      sum.add(frame, 0..<8)
      sum.add(frame, 24..<24 + pageSize)
      guard frame[8..<16].elementsEqual(header[16..<24]), sum.first == frame.uint32(at: 16),
        sum.second == frame.uint32(at: 20)
      else { return }
      pending[frame.uint32(at: 0)] = offset
      read += 1
      offset += frame.count
      if frame.uint32(at: 4) != 0 {
        places.merge(pending) { $1 }
        pending.removeAll(keepingCapacity: true)
        pagesAfter = frame.uint32(at: 4)
        frames = read
      }
    }
  }

  /// The running checksum of the log: two sums over words of the order that the log is written in.
  private struct Checksum {
    let isBigEndian: Bool
    var first: UInt32 = 0
    var second: UInt32 = 0

    init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

    mutating func add(_ bytes: [UInt8], _ range: Range<Int>) {
      for offset in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
        first &+= word(bytes, offset) &+ second
        second &+= word(bytes, offset + 4) &+ first
      }
    }

    private func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
      let word = bytes.uint32(at: offset)
      return isBigEndian ? word : word.byteSwapped
    }
  }
}
