/// Makes lines of what a program writes, in whatever pieces that comes.
struct LineSplitter {
  /// Bytes of a line that has no end yet; a longer one is cut there.
  static let longestLine = 64 << 20

  private var rest: [UInt8] = []

  /// Takes a piece and shows each line that is complete, without its end.
  mutating func take(_ bytes: some Collection<UInt8>, _ show: (ArraySlice<UInt8>) -> Void) {
    rest += bytes
    var start = rest.startIndex
    while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
      show(rest[start..<end])
      start = end + 1
    }
    rest.removeFirst(start - rest.startIndex)
    if rest.count >= LineSplitter.longestLine { finish(show) }
  }

  /// Shows what is left: a last line without an end counts like the others.
  mutating func finish(_ show: (ArraySlice<UInt8>) -> Void) {
    if !rest.isEmpty { show(rest[...]) }
    rest = []
  }
}

extension ArraySlice<UInt8> {
  /// What follows `word` and a blank; empty if nothing follows; `nil` if the line begins otherwise.
  func after(_ word: String) -> ArraySlice<UInt8>? {
    guard starts(with: word.utf8) else { return nil }
    let rest = dropFirst(word.utf8.count)
    guard let next = rest.first else { return rest }
    return next == UInt8(ascii: " ") ? rest.dropFirst() : nil
  }
}
