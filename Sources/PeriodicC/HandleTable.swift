import CFork
import Glibc
import PeriodicCore

/// What the program's pointers stand for. Such a pointer is no address but a number: a place in
/// this table, and how often that was given out. So a pointer that was freed, is of another kind,
/// or never was one, is told from a good one without looking at what it might point to.
///
/// Places are given out and taken back under a lock. Looking one up takes none: whoever has the
/// pointer had it from whoever took the place.
enum HandleTable {
  struct Slot {
    /// The number that is good now, 0 for none.
    var live: UInt = 0
    /// The number given out last.
    var last: UInt
    var object: Unmanaged<Handle>?
  }

  private typealias Chunk = UnsafeMutablePointer<Slot>

  private static let placeBits = 25
  private static let chunkBits = 10
  private static let step: UInt = 1 << placeBits

  /// There with the first handle: what Swift makes at the first use is asked for at each.
  nonisolated(unsafe) private static var chunks: UnsafeMutablePointer<Chunk?>?
  nonisolated(unsafe) private static var used = 0
  nonisolated(unsafe) private static var spare: [UInt] = []

  private static func lock() { periodic_fork_lock(PERIODIC_LOCK_HANDLES) }
  private static func unlock() { periodic_fork_unlock(PERIODIC_LOCK_HANDLES) }

  /// The object behind a number that is good; any number may be asked for.
  @inline(__always)
  static func find(_ number: UInt) -> Unmanaged<Handle>? {
    let place = Int(number & (step - 1))
    guard let chunks, let chunk = chunks[place >> chunkBits] else { return nil }
    let slot = chunk + (place & (1 << chunkBits - 1))
    return slot.pointee.live == number && number != 0 ? slot.pointee.object : nil
  }

  /// Keeps an object, and gives out a number for it.
  static func add(_ object: Handle) -> UInt {
    lock()
    defer { unlock() }
    let slot = slot(of: spare.popLast() ?? newPlace())
    slot.pointee.object = .passRetained(object)
    return renew(slot.pointee.last)
  }

  /// A number is not good any more; its place stays the object's.
  @inline(__always)
  static func silence(_ number: UInt) { slot(of: number).pointee.live = 0 }

  /// A new number at the place of an old one.
  @inline(__always)
  static func renew(_ number: UInt) -> UInt {
    let slot = slot(of: number)
    slot.pointee.last &+= step
    slot.pointee.live = slot.pointee.last
    return slot.pointee.live
  }

  /// Lets go of an object and of its place.
  static func remove(_ number: UInt) {
    silence(number)
    lock()
    let slot = slot(of: number)
    let object = slot.pointee.object
    slot.pointee.object = nil
    spare.append(slot.pointee.last)
    unlock()
    object?.release()
  }

  @inline(__always)
  private static func slot(of number: UInt) -> UnsafeMutablePointer<Slot> {
    let place = Int(number & (step - 1))
    let chunk = chunks.unsafelyUnwrapped[place >> chunkBits].unsafelyUnwrapped
    return chunk + (place & (1 << chunkBits - 1))
  }

  /// Zero pages of the system's, touched when they are needed.
  private static func newDirectory() -> UnsafeMutablePointer<Chunk?> {
    let memory = calloc(1 << (placeBits - chunkBits), MemoryLayout<Chunk?>.stride)
    return memory.unsafelyUnwrapped.assumingMemoryBound(to: Chunk?.self)
  }

  private static func newPlace() -> UInt {
    invariant(used < Int(step), "handles fit their table")
    // Others read it without the lock: it is written once, before anybody has a pointer.
    if chunks == nil { chunks = newDirectory() }
    let directory = chunks.unsafelyUnwrapped
    if directory[used >> chunkBits] == nil {
      let size = 1 << chunkBits
      let chunk = Chunk.allocate(capacity: size)
      for index in 0..<size { (chunk + index).initialize(to: Slot(last: UInt(used + index))) }
      directory[used >> chunkBits] = chunk
    }
    used += 1
    return UInt(used - 1)
  }
}

/// What a pointer of the program stands for. The table keeps it until `retire`.
class Handle {
  /// The program's pointer as a number; 0 before there is one, and when there will be none again.
  private var number: UInt = 0
  /// The program has freed it: its pointer is dead.
  private(set) var isFreed = false

  var pointer: OpaquePointer? { OpaquePointer(bitPattern: number) }

  func give() -> OpaquePointer? {
    number = HandleTable.add(self)
    return pointer
  }

  func retire() {
    isFreed = true
    if number != 0 { HandleTable.remove(number) }
    number = 0
  }

  /// The pointer is dead, and the handle waits for `giveAgain`.
  @inline(__always)
  final func takeBack() {
    isFreed = true
    HandleTable.silence(number)
  }

  @inline(__always)
  final func giveAgain() -> OpaquePointer? {
    isFreed = false
    number = HandleTable.renew(number)
    return pointer
  }
}

/// The object behind a pointer of the program; `nil` for what is none of that kind.
@inline(__always)
func borrow<Object: Handle>(_ pointer: OpaquePointer?, as: Object.Type) -> Object? {
  find(pointer, as: Object.self)?.takeUnretainedValue()
}

/// The same without a count of its own, for paths where every count is felt. The table keeps it.
@inline(__always)
func find<Object: Handle>(_ pointer: OpaquePointer?, as: Object.Type) -> Unmanaged<Object>? {
  guard let handle = HandleTable.find(UInt(bitPattern: pointer)) else { return nil }
  return handle._withUnsafeGuaranteedRef { handle in
    type(of: handle) == Object.self
      ? Unmanaged.passUnretained(unsafeDowncast(handle, to: Object.self)) : nil
  }
}
