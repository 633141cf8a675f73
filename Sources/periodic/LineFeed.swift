import Glibc
import PeriodicCore

/// Cuts a stream into lines, however it is cut into pieces, without copying lines that come whole.
final class LineFeed {
  /// Bytes of a line: more than a workload of a whole frame takes with each byte escaped.
  static let longestLine = 448 << 20

  private var rest = ByteBuffer()

  /// Shows each complete line, without its end.
  func take(_ piece: Bytes, _ show: (Bytes) throws -> Void) throws {
    var start = 0
    while let end = LineFeed.newline(in: piece, from: start) {
      let part = Bytes(rebasing: piece[start..<end])
      start = end + 1
      if rest.isEmpty {
        try show(part)
      } else {
        rest.append(part)
        try show(rest.bytes)
        rest.reset(keeping: 1 << 20)
      }
    }
    rest.append(Bytes(rebasing: piece[start...]))
    if rest.count > LineFeed.longestLine {
      throw Failure("a line has more than \(LineFeed.longestLine) bytes")
    }
  }

  /// Shows what is left: a last line without an end counts like the others.
  func finish(_ show: (Bytes) throws -> Void) throws {
    if !rest.isEmpty { try show(rest.bytes) }
    rest.reset(keeping: 0)
  }

  private static func newline(in piece: Bytes, from start: Int) -> Int? {
    guard start < piece.count, let base = piece.baseAddress,
      let found = memchr(base + start, 0x0a, piece.count - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }
}
