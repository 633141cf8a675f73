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

@_cdecl("periodic_features") @implementation
public func periodic_features() -> UnsafePointer<CChar>? { UnsafePointer(features.text) }

/// Kept for as long as the process: the header says so.
private let features = KeptText(Features.words.joined(separator: " "))

private struct KeptText: @unchecked Sendable {
  let text: UnsafeMutablePointer<CChar>?
  init(_ text: String) { self.text = strdup(text) }
}
