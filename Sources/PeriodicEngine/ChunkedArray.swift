import PeriodicCore

/// An array that grows without ever copying more than one chunk.
///
/// The first chunk doubles from a few elements up to the full chunk size, so that ten thousand
/// short arrays stay small; later chunks are allocated whole. Plain storage: its owner calls
/// `destroy`.
struct ChunkedArray<Element: BitwiseCopyable>: BitwiseCopyable {
  private static var shift: Int { 12 }
  private static var chunkSize: Int { 1 << shift }
  private var chunks: UnsafeMutablePointer<UnsafeMutablePointer<Element>>?
  private var chunkCapacity = 0
  private var chunkCount = 0
  private var firstCapacity = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  @inline(__always)
  subscript(_ index: Int) -> UnsafeMutablePointer<Element> {
    chunks.unsafelyUnwrapped[index >> Self.shift] + (index & (Self.chunkSize - 1))
  }

  mutating func append(_ element: Element) {
    if count < Self.chunkSize {
      if count == firstCapacity { growFirst() }
    } else if count == chunkCount << Self.shift {
      add(.allocate(capacity: Self.chunkSize))
    }
    count += 1
    self[count - 1].initialize(to: element)
  }

  /// Removes the last element. One spare chunk stays, so that a count going to and fro over a
  /// boundary does not allocate each time.
  mutating func removeLast() {
    invariant(count > 0, "only what is there can be removed")
    count -= 1
    let needed = (count + Self.chunkSize - 1) >> Self.shift
    if chunkCount > needed + 1, let chunks {
      chunkCount -= 1
      chunks[chunkCount].deallocate()
    }
  }

  /// Gives the memory back; the array must not be used again.
  func destroy() {
    for chunk in 0..<chunkCount { chunks.unsafelyUnwrapped[chunk].deallocate() }
    chunks?.deallocate()
  }

  private mutating func growFirst() {
    let wider = min(Self.chunkSize, max(8, firstCapacity * 2))
    let fresh = UnsafeMutablePointer<Element>.allocate(capacity: wider)
    if firstCapacity == 0 {
      add(fresh)
    } else {
      fresh.initialize(from: chunks.unsafelyUnwrapped[0], count: count)
      chunks.unsafelyUnwrapped[0].deallocate()
      chunks.unsafelyUnwrapped[0] = fresh
    }
    firstCapacity = wider
  }

  private mutating func add(_ chunk: UnsafeMutablePointer<Element>) {
    if chunkCount == chunkCapacity {
      let capacity = max(1, chunkCapacity * 2)
      let wider = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(capacity: capacity)
      if let chunks {
        wider.initialize(from: chunks, count: chunkCount)
        chunks.deallocate()
      }
      chunks = wider
      chunkCapacity = capacity
    }
    chunks.unsafelyUnwrapped[chunkCount] = chunk
    chunkCount += 1
  }
}
