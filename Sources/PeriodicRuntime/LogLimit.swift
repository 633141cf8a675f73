/// Keeps what peers can cause from filling a log: a few lines a second, and how many were left out.
struct LogLimit {
  private static let linesInWindow = 10
  private static let window: Int64 = 1000

  private var start = Int64.min
  private var lines = 0
  private var leftOut = 0

  /// The line to write at this moment, if one may be written.
  mutating func admit(_ line: String, at time: Int64) -> String? {
    if start == .min || time - start >= LogLimit.window {
      start = time
      lines = 0
    }
    if lines >= LogLimit.linesInWindow {
      leftOut += 1
      return nil
    }
    lines += 1
    defer { leftOut = 0 }
    return leftOut == 0 ? line : "\(line) (\(leftOut) more like it before)"
  }
}
