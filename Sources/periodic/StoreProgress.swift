import Glibc

/// How far long work on a store is: one line of a terminal, rewritten; nothing anywhere else.
struct StoreProgress {
  private let isShown = isatty(2) == 1
  private var last = timespec()

  /// Shows `text` unless another one is newer than a tenth of a second.
  mutating func show(_ text: @autoclosure () -> String) {
    guard isShown else { return }
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let milliseconds =
      (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1_000_000
    if milliseconds < 100 { return }
    last = now
    write("\r\(text())\u{1b}[K", to: 2)
  }

  /// Leaves an empty line for what comes next.
  func clear() {
    if isShown { write("\r\u{1b}[K", to: 2) }
  }
}
