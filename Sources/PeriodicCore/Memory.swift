internal import CPages

/// Memory of a buffer. From `pages` bytes on it lies in pages of its own: it grows without a copy,
/// and takes from the system only what has been written to.
enum Memory {
  /// The size of a large page on most processors.
  static let pages = 2 << 20

  static func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    if size < pages { return .allocate(byteCount: size, alignment: 16) }
    guard let memory = periodic_pages_make(size) else { fatalError("out of memory: \(size) bytes") }
    return memory
  }

  /// - Precondition: both sizes are at least `pages`.
  static func resize(
    _ memory: UnsafeMutableRawPointer, _ size: Int, to wanted: Int
  ) -> UnsafeMutableRawPointer {
    guard let memory = periodic_pages_resize(memory, size, wanted) else {
      fatalError("out of memory: \(wanted) bytes")
    }
    return memory
  }

  static func free(_ memory: UnsafeMutableRawPointer, _ size: Int) {
    if size < pages { memory.deallocate() } else { periodic_pages_free(memory, size) }
  }
}
