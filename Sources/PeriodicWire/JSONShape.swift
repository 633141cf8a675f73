import PeriodicCore

/// Where JSON values end, and whether they are small enough in structure to be parsed.
///
/// Looks at brackets, commas and quotes only; whether a value is good JSON is the parser's to say.
/// Bounding the structure first keeps a frame of brackets from taking a hundred times its size.
enum JSONShape {
  /// Brackets inside each other.
  static let depth = 32
  /// Values in one job.
  static let values = 1024

  /// The first offset from `start` on that is not white space.
  static func skipSpace(_ text: Bytes, from start: Int) -> Int {
    var next = start
    while next < text.count, isSpace(text[next]) { next += 1 }
    return next
  }

  /// Where the value that begins at `start` ends; `nil` if it is cut short or over a bound.
  static func end(of text: Bytes, from start: Int) -> Int? {
    var next = start
    var open = 0
    var count = 0
    while next < text.count {
      switch text[next] {
      case UInt8(ascii: "\""):
        guard let end = endOfText(text, from: next) else { return nil }
        next = end
        if open == 0 { return next }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        open += 1
        count += 1
        if open > depth { return nil }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if open <= 1 { return open == 1 ? next + 1 : next }
        open -= 1
      case UInt8(ascii: ","):
        if open == 0 { return next }
        count += 1
      default:
        if open == 0, isSpace(text[next]) { return next }
      }
      if count > values { return nil }
      next += 1
    }
    return open == 0 && next > start ? next : nil
  }

  private static func endOfText(_ text: Bytes, from start: Int) -> Int? {
    var next = start + 1
    while next < text.count {
      switch text[next] {
      case UInt8(ascii: "\""): return next + 1
      case UInt8(ascii: "\\"): next += 2
      default: next += 1
      }
    }
    return nil
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
  }
}
