import PeriodicCore

/// Memory for names and workloads: blocks of some fifty sizes, cut from chunks, kept on free
/// lists.
///
/// A job's bytes cost no allocation call and no header; blocks over 4 KiB come from the system and
/// go back to it. Whoever frees a block says how large it was. All of it goes with the arena.
struct BlockArena: ~Copyable {
  private static let chunkBytes = 64 << 10
  private static let largest = 4096

  /// Heads of the lists of free blocks, by class, linked through their first eight bytes.
  private let free: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private var chunks: [UnsafeMutableRawPointer] = []
  /// Blocks from the system, each behind the links of a list.
  private var large: UnsafeMutablePointer<LargeLinks>?
  private var next: UnsafeMutableRawPointer?
  private var left = 0

  init() {
    free = .allocate(capacity: BlockArena.classes)
    free.initialize(repeating: nil, count: BlockArena.classes)
  }

  deinit {
    for chunk in chunks { chunk.deallocate() }
    free.deallocate()
    var block = large
    while let links = block {
      block = links.pointee.next
      links.deallocate()
    }
  }

  @inline(__always)
  mutating func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    if size > BlockArena.largest {
      return allocateLarge(size)
    }
    let index = BlockArena.classIndex(size)
    let bytes = BlockArena.classBytes(index)
    if let block = free[index] {
      free[index] = block.load(as: UnsafeMutableRawPointer?.self)
      return block
    }
    if left < bytes { addChunk() }
    guard let block = next else { fatalError("a fresh chunk has room for the largest class") }
    next = block + bytes
    left -= bytes
    return block
  }

  @inline(__always)
  mutating func release(_ block: UnsafeMutableRawPointer, _ size: Int) {
    if size > BlockArena.largest {
      return releaseLarge(block, size)
    }
    let index = BlockArena.classIndex(size)
    block.storeBytes(of: free[index], as: UnsafeMutableRawPointer?.self)
    free[index] = block
  }

  private struct LargeLinks {
    var previous: UnsafeMutablePointer<LargeLinks>?
    var next: UnsafeMutablePointer<LargeLinks>?
  }

  private mutating func allocateLarge(_ size: Int) -> UnsafeMutableRawPointer {
    let header = MemoryLayout<LargeLinks>.stride
    let memory = UnsafeMutableRawPointer.allocate(byteCount: header + size, alignment: 16)
    let links = memory.bindMemory(to: LargeLinks.self, capacity: 1)
    links.initialize(to: LargeLinks(previous: nil, next: large))
    large?.pointee.previous = links
    large = links
    return memory + header
  }

  private mutating func releaseLarge(_ block: UnsafeMutableRawPointer, _ size: Int) {
    let memory = block - MemoryLayout<LargeLinks>.stride
    let links = memory.assumingMemoryBound(to: LargeLinks.self)
    links.pointee.next?.pointee.previous = links.pointee.previous
    if let previous = links.pointee.previous {
      previous.pointee.next = links.pointee.next
    } else {
      large = links.pointee.next
    }
    memory.deallocate()
  }

  /// Gives what is left of the last chunk to the free lists and takes a new one.
  private mutating func addChunk() {
    while left >= 8, let block = next {
      var index = BlockArena.classIndex(min(left, BlockArena.largest))
      if BlockArena.classBytes(index) > left { index -= 1 }
      let bytes = BlockArena.classBytes(index)
      block.storeBytes(of: free[index], as: UnsafeMutableRawPointer?.self)
      free[index] = block
      next = block + bytes
      left -= bytes
    }
    let chunk = UnsafeMutableRawPointer.allocate(
      byteCount: BlockArena.chunkBytes, alignment: 16)
    chunks.append(chunk)
    next = chunk
    left = BlockArena.chunkBytes
  }

  // 32 classes of 8, 16, … 256 bytes, then four to each doubling: 320, 384, 448, 512, 640 …
  private static let classes = 48

  @inline(__always)
  static func classIndex(_ size: Int) -> Int {
    if size <= 256 { return max(0, (size - 1) >> 3) }
    let doubling = Int.bitWidth - (size - 1).leadingZeroBitCount - 9
    let quarter = (size - 1) >> (doubling + 6) & 3
    return 32 + doubling * 4 + quarter
  }

  @inline(__always)
  static func classBytes(_ index: Int) -> Int {
    if index < 32 { return (index + 1) << 3 }
    let doubling = (index - 32) >> 2
    return (256 << doubling) + (index & 3 + 1) << (doubling + 6)
  }
}
