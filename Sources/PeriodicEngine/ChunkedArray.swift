internal import CPages
import PeriodicCore

/// An array that grows without ever copying more than one chunk.
///
/// The first chunk doubles from a few elements up to the full chunk size, so that ten thousand
/// short arrays stay small; later chunks are allocated whole. Those of a long array that is looked
/// at here and there can lie in large pages: the processor keeps few addresses of pages at hand,
/// and waits for others even where it fetches ahead. Plain storage: its owner calls `destroy`.
struct ChunkedArray<Element: BitwiseCopyable>: BitwiseCopyable {
  private static var shift: Int { 12 }
  private static var chunkSize: Int { 1 << shift }
  private static var pageSize: Int { Int(PERIODIC_LARGE_PAGE) }
  private static var chunksInPage: Int {
    pageSize / (chunkSize * MemoryLayout<Element>.stride)
  }

  /// From this chunk on they lie in large pages, those of one page one behind the other.
  private let firstInPages: Int
  private var chunks: UnsafeMutablePointer<UnsafeMutablePointer<Element>>?
  private var chunkCapacity = 0
  private var chunkCount = 0
  private var firstCapacity = 0
  private(set) var count = 0

  init(inLargePages: Bool = false) {
    // What is smaller than a page does without.
    firstInPages = inLargePages ? Self.chunksInPage : .max
  }

  var isEmpty: Bool { count == 0 }

  @inline(__always)
  subscript(_ index: Int) -> UnsafeMutablePointer<Element> {
    chunks.unsafelyUnwrapped[index >> Self.shift] + (index & (Self.chunkSize - 1))
  }

  mutating func append(_ element: Element) {
    if count < Self.chunkSize {
      if count == firstCapacity { growFirst() }
    } else if count == chunkCount << Self.shift {
      add(newChunk())
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
      free(chunks[chunkCount], chunkCount)
    }
  }

  /// Gives the memory back; the array must not be used again.
  func destroy() {
    for chunk in 0..<chunkCount { free(chunks.unsafelyUnwrapped[chunk], chunk) }
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

  /// The one behind the last.
  private func newChunk() -> UnsafeMutablePointer<Element> {
    if chunkCount < firstInPages { return .allocate(capacity: Self.chunkSize) }
    if chunkCount % Self.chunksInPage > 0 {
      return chunks.unsafelyUnwrapped[chunkCount - 1] + Self.chunkSize
    }
    guard let page = periodic_pages_make_large() else { fatalError("out of memory") }
    return page.bindMemory(to: Element.self, capacity: Self.chunkSize * Self.chunksInPage)
  }

  /// A page goes with the first of its chunks, which is the last to go.
  private func free(_ chunk: UnsafeMutablePointer<Element>, _ index: Int) {
    if index < firstInPages {
      chunk.deallocate()
    } else if index % Self.chunksInPage == 0 {
      periodic_pages_free(chunk, Self.pageSize)
    }
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
