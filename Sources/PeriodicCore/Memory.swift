internal import CPages

/// Memory of a buffer. From `pages` bytes on it lies in pages of its own: it grows without a copy,
/// and takes from the system only what has been written to.
enum Memory {
  static let pages = 2 << 20

  /// Memory that will have another size soon; `size` becomes what there is now.
  static func allocate(atLeast size: inout Int) -> UnsafeMutableRawPointer {
    if size < pages { return .allocate(byteCount: size, alignment: 16) }
    return made(periodic_pages_take(periodic_pages_spare(), &size), size)
  }

  /// Memory that will keep its size; `size` becomes what there is now, which is little more.
  static func allocate(near size: inout Int) -> UnsafeMutableRawPointer {
    let wanted = size
    let memory = allocate(atLeast: &size)
    if wanted >= pages { size = trim(memory, size, to: wanted) }
    return memory
  }

  /// Gives back what is behind the first `wanted` bytes, or a little less; these stay where they
  /// are.
  ///
  /// - Precondition: both sizes are at least `pages`.
  /// - Returns: how many there are now.
  static func trim(_ memory: UnsafeMutableRawPointer, _ size: Int, to wanted: Int) -> Int {
    let left = periodic_pages_whole(wanted)
    guard left < size else { return size }
    if size - left < pages {
      periodic_pages_free(memory + left, size - left)
    } else {
      free(memory + left, size - left)
    }
    return left
  }

  /// - Precondition: both sizes are at least `pages`.
  static func resize(
    _ memory: UnsafeMutableRawPointer, _ size: Int, to wanted: Int
  ) -> UnsafeMutableRawPointer {
    made(periodic_pages_resize(memory, size, wanted), wanted)
  }

  static func free(_ memory: UnsafeMutableRawPointer, _ size: Int) {
    if size < pages { return memory.deallocate() }
    periodic_pages_keep(periodic_pages_spare(), memory, size)
  }

  private static func made(_ memory: UnsafeMutableRawPointer?, _ size: Int)
    -> UnsafeMutableRawPointer
  {
    guard let memory else { fatalError("out of memory: \(size) bytes") }
    return memory
  }
}

/// Pages of the last large buffers that went, which the next ones get: the system clears pages
/// before their first use, which takes longer than to read into them.
public enum SparePages {
  /// Nil while there are none; else it changes whenever they are used.
  public static var mark: UInt64? {
    let mark = periodic_pages_mark(periodic_pages_spare())
    return mark == 0 ? nil : mark
  }

  /// Gives the system a part of them, which takes a fraction of a millisecond.
  public static func giveSomeBack() { periodic_pages_give_back(periodic_pages_spare(), 1 << 20) }
}
