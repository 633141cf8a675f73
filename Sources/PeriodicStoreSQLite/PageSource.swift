import Glibc
import PeriodicStore

/// The pages of a store's file as the last whole transaction left them, read without SQLite.
///
/// For files that SQLite refuses: nothing here trusts a byte, nothing is written, and a page that
/// cannot be read is nil. Format: https://www.sqlite.org/fileformat2.html.
final class PageSource {
  let pageSize: Int
  /// Pages are 1 to `count`.
  let count: UInt32
  /// Pages behind the file's end that its write-ahead log or its header speaks of.
  let missing: UInt32
  let log: PageLog?
  private let file: Int32

  init(_ path: String) throws(StoreError) {
    file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    if file < 0 { throw StoreError(system: errno, path, "open") }
    var status = stat()
    if fstat(file, &status) != 0 { throw StoreError(system: errno, path, "look at") }
    let header = PageSource.read(file, at: 0, count: PageSource.headerSize)
    log = PageLog(path + "-wal")
    pageSize = PageSource.size(header ?? []) ?? log?.pageSize ?? 4096
    let whole = (Int(status.st_size) + pageSize - 1) / pageSize
    count = UInt32(clamping: log.map { max(Int($0.pagesAfter), 0) } ?? whole)
    let said = header.map { PageSource.isSound($0) ? Int($0.uint32(at: 28)) : 0 } ?? 0
    missing = UInt32(clamping: (log == nil ? said : Int(count)) - whole - (log?.added(whole) ?? 0))
  }

  deinit { close(file) }

  static let headerSize = 100

  /// Whether the first bytes of a file have the marks that every SQLite file has.
  static func isSound(_ header: [UInt8]) -> Bool {
    header.count >= headerSize && header.starts(with: "SQLite format 3\0".utf8)
      && header[21] == 64 && header[22] == 32 && header[23] == 32
  }

  /// The whole page, or nil if there is none, or the disk does not give it.
  func page(_ number: UInt32) -> [UInt8]? {
    guard 1...max(count, 1) ~= number else { return nil }
    if let log, let page = log.page(number) { return page }
    return PageSource.read(file, at: (Int(number) - 1) * pageSize, count: pageSize)
  }

  private static func size(_ header: [UInt8]) -> Int? {
    guard header.count >= headerSize else { return nil }
    let raw = Int(header[16]) << 8 | Int(header[17])
    let size = raw == 1 ? 65536 : raw
    return size >= 512 && size & (size - 1) == 0 ? size : nil
  }

  /// `count` bytes, zeros behind the end of the file; nil if nothing of it can be read.
  static func read(_ file: Int32, at offset: Int, count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var have = 0
    while have < count {
      let got = bytes.withUnsafeMutableBytes {
        pread(
          file, UnsafeMutableRawBufferPointer(rebasing: $0[have...]).baseAddress, count - have,
          off_t(offset + have))
      }
      if got < 0, errno == EINTR { continue }
      if got < 0 { return nil }
      if got == 0 { break }
      have += got
    }
    return have == 0 ? nil : bytes
  }
}

extension [UInt8] {
  /// Big-endian numbers, as SQLite's files have them; the caller has checked the bounds.
  func uint16(at offset: Int) -> Int { Int(self[offset]) << 8 | Int(self[offset + 1]) }

  func uint32(at offset: Int) -> UInt32 {
    UInt32(uint16(at: offset)) << 16 | UInt32(uint16(at: offset + 2))
  }

  /// A number of 1 to 9 bytes, seven bits each, the ninth with eight; moves `offset` behind it.
  /// nil if it does not end before `end`.
  func varint(at offset: inout Int, before end: Int) -> Int64? {
    var value: UInt64 = 0
    for place in 0..<9 {
      guard offset < end else { return nil }
      let byte = self[offset]
      offset += 1
      if place == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
      value = value << 7 | UInt64(byte & 0x7f)
      if byte < 0x80 { return Int64(bitPattern: value) }
    }
    return nil
  }
}
