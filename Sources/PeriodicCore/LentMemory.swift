/// Memory for bytes that are lent to the program around this library, which may bring an allocator.
///
/// Two words before each block say which allocator it goes back to. Any thread may use it; the
/// allocator is changed while no other thread does.
public enum LentMemory {
  public typealias Allocate =
    @convention(c) (UnsafeMutableRawPointer?, Int) -> UnsafeMutableRawPointer?
  public typealias Release =
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void

  /// A program's functions, and what they are given.
  public struct Allocator {
    let allocate: Allocate
    let release: Release
    let user: UnsafeMutableRawPointer?

    public init(
      allocate: @escaping Allocate, release: @escaping Release, user: UnsafeMutableRawPointer?
    ) {
      self.allocate = allocate
      self.release = release
      self.user = user
    }
  }

  private struct Header {
    /// None for memory of the system's.
    var release: Release?
    var user: UnsafeMutableRawPointer?
  }

  /// What is asked first; `nil` is the system.
  nonisolated(unsafe) public static var allocator: Allocator?

  private static let headerSize = 16

  /// Room for `count` bytes of any kind.
  public static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
    let size = headerSize + count
    var header = Header()
    var block: UnsafeMutableRawPointer?
    if let allocator {
      block = allocator.allocate(allocator.user, size)
      header = Header(release: allocator.release, user: allocator.user)
    }
    let memory: UnsafeMutableRawPointer
    if let block {
      memory = block
    } else {
      header = Header()
      memory = .allocate(byteCount: size, alignment: headerSize)
    }
    memory.initializeMemory(as: Header.self, to: header)
    return memory + headerSize
  }

  public static func release(_ bytes: UnsafeMutableRawPointer) {
    let memory = bytes - headerSize
    let header = memory.load(as: Header.self)
    if let release = header.release {
      release(header.user, memory)
    } else {
      memory.deallocate()
    }
  }
}
