import PeriodicCore

/// What goes out on a connection and has not been taken: bytes that were written for it, and among
/// them runs that are shared.
struct Output: ~Copyable {
  private struct Run {
    /// Bytes of the buffer between the run before this one and this.
    var before: Int
    let bytes: SharedBytes
    var taken = 0
  }

  /// What is written here comes after everything before it.
  var buffer = ByteBuffer()
  private var runs: [Run] = []
  /// Bytes of the buffer that come before the last run.
  private var placed = 0
  /// Bytes of runs that have not been taken.
  private var shared = 0

  /// Bytes that have not been taken.
  var count: Int { buffer.count + shared }
  var isEmpty: Bool { buffer.isEmpty && runs.isEmpty }

  /// The first of them, as many as lie in one piece; valid until the output is next changed.
  var front: Bytes {
    guard let run = runs.first else { return buffer.bytes }
    if run.before > 0 { return Bytes(rebasing: buffer.bytes[..<run.before]) }
    return Bytes(rebasing: run.bytes.bytes[run.taken...])
  }

  /// Puts a run before the last `rest` bytes of the buffer.
  mutating func insert(_ bytes: SharedBytes, before rest: Int) {
    let before = buffer.count - rest - placed
    runs.append(Run(before: before, bytes: bytes))
    placed += before
    shared += bytes.bytes.count
  }

  /// The first `count` bytes have been taken, no more than there are in `front`.
  mutating func consume(_ count: Int) {
    invariant(count <= front.count, "only what was offered can be taken")
    guard let run = runs.first else { return buffer.consume(count) }
    if run.before > 0 {
      buffer.consume(count)
      runs[0].before -= count
      placed -= count
    } else {
      shared -= count
      runs[0].taken += count
      if runs[0].taken == run.bytes.bytes.count { runs.removeFirst() }
    }
  }

  /// Drops everything, and gives memory of more than `keep` bytes back.
  mutating func reset(keeping keep: Int) {
    buffer.reset(keeping: keep)
    if runs.isEmpty { return }
    runs = []
    placed = 0
    shared = 0
  }
}
