import Glibc

/// How far long work is, on a line of the terminal that is written over; elsewhere nothing.
struct Progress {
  private let what: String
  private let isShown = isatty(2) == 1
  private let start = Progress.milliseconds()
  private var shownAt: Int64

  init(_ what: String) {
    self.what = what
    shownAt = start
  }

  /// Shows `text` if a moment has gone by since the last one.
  mutating func show(_ text: @autoclosure () -> String) {
    guard isShown else { return }
    let now = Progress.milliseconds()
    if now - shownAt < 250 { return }
    shownAt = now
    write("\r\(what): \(text())\u{1b}[K", to: 2)
  }

  /// Takes the line away.
  mutating func clear() {
    if isShown, shownAt != start { write("\r\u{1b}[K", to: 2) }
    shownAt = start
  }

  /// Milliseconds since the work began.
  var elapsed: Int64 { Progress.milliseconds() - start }

  private static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
