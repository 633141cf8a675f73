public import PeriodicCore

/// By what the lines of a file of jobs are sorted: function, then name, compared byte by byte.
///
/// The key is both in one, so that comparing the bytes of keys compares the pairs: a zero byte
/// becomes 00 ff, and 00 00 ends the function.
public enum LineKey {
  /// Appends the key of a line to `key`.
  public static func append(of line: Bytes, to key: inout [UInt8]) throws(JobFile.Problem) {
    if appendPlain(line, &key) { return }
    let job = try LineJob(line)
    job.withFields { job in
      append(job.key.function, &key)
      key.append(0)
      key.append(0)
      append(job.key.name, &key)
    }
  }

  /// A line as this library writes it whose names have nothing that JSON escapes: nearly all.
  private static func appendPlain(_ line: Bytes, _ key: inout [UInt8]) -> Bool {
    let start = StaticString("{\"func\":\"").bytes
    let middle = StaticString("\",\"name\":\"").bytes
    guard line.starts(with: start),
      let function = plainText(line, from: start.count),
      line[function.upperBound...].starts(with: middle),
      let name = plainText(line, from: function.upperBound + middle.count)
    else { return false }
    key.append(contentsOf: line[function])
    key.append(0)
    key.append(0)
    key.append(contentsOf: line[name])
    return true
  }

  private static func plainText(_ line: Bytes, from start: Int) -> Range<Int>? {
    var end = start
    while end < line.count {
      switch line[end] {
      case UInt8(ascii: "\""): return start..<end
      case UInt8(ascii: "\\"): return nil
      default: end += 1
      }
    }
    return nil
  }

  private static func append(_ bytes: Bytes, _ key: inout [UInt8]) {
    for byte in bytes {
      key.append(byte)
      if byte == 0 { key.append(0xff) }
    }
  }
}
