public import CPeriodic
import Glibc
import PeriodicCore
import PeriodicRuntime

@_cdecl("periodic_limits") @implementation
public func periodic_limits(_ limits: UnsafeMutablePointer<periodic_limit>?, _ most: Int) -> Int32 {
  let table = Limits().table
  do { try checkArray("limits", limits, most) } catch { return PERIODIC_EINVAL.rawValue }
  if let limits {
    for (place, row) in table.prefix(most).enumerated() {
      let name = UnsafeRawPointer(row.name.utf8Start).assumingMemoryBound(to: CChar.self)
      let value = row.value == .max ? UInt64.max : UInt64(row.value)
      limits[place] = periodic_limit(name: name, value: value)
    }
  }
  return Int32(table.count)
}

@_cdecl("periodic_set_allocator") @implementation
public func periodic_set_allocator(_ allocator: UnsafePointer<periodic_allocator>?) -> Int32 {
  guard let given = allocator?.pointee else {
    LentMemory.allocator = nil
    return 0
  }
  guard given.size == MemoryLayout<periodic_allocator>.size, let allocate = given.allocate,
    let release = given.release
  else { return PERIODIC_EINVAL.rawValue }
  LentMemory.allocator = .init(allocate: allocate, release: release, user: given.user)
  return 0
}

@_cdecl("periodic_features") @implementation
public func periodic_features() -> UnsafePointer<CChar>? { UnsafePointer(features.text) }

/// Kept for as long as the process: the header says so.
private let features = KeptText(Features.words.joined(separator: " "))

private struct KeptText: @unchecked Sendable {
  let text: UnsafeMutablePointer<CChar>?
  init(_ text: String) { self.text = strdup(text) }
}
