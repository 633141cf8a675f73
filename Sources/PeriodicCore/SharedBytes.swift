/// A large run of bytes that several keep and nobody copies: a workload on its way from the socket
/// that it came by, through job and store, to the socket that it leaves by.
///
/// To copy 60 MiB into fresh memory takes a tenth of a second, in which nobody else is answered.
/// The bytes do not change, so that any thread may have them; they go with the last who keeps them.
public final class SharedBytes: @unchecked Sendable {
  /// Shorter runs are copied.
  public static let least = 256 << 10

  public let bytes: Bytes
  /// Their CRC-32, so that who writes them into a frame need not go through them.
  public let sum: UInt32
  private let memory: SharedMemory

  init(_ bytes: Bytes, _ memory: SharedMemory, sum: UInt32) {
    self.bytes = bytes
    self.memory = memory
    self.sum = sum
  }

  public init(copying bytes: Bytes) {
    var size = max(1, bytes.count)
    let copy = Memory.allocate(near: &size)
    if let source = bytes.baseAddress { copy.copyMemory(from: source, byteCount: bytes.count) }
    memory = SharedMemory(copy, size)
    self.bytes = Bytes(start: copy, count: bytes.count)
    sum = CRC32.of(bytes)
  }
}

/// What a buffer has written, for as long as anybody reads in it.
@usableFromInline
final class SharedMemory {
  private let start: UnsafeMutableRawPointer
  private let size: Int

  init(_ start: UnsafeMutableRawPointer, _ size: Int) {
    self.start = start
    self.size = size
  }

  deinit { Memory.free(start, size) }
}
