import PeriodicCore

/// Large workloads that jobs keep with others. A job's block has, in place of the workload, where
/// it is.
struct KeptWorkloads {
  /// What a block has.
  struct Place: BitwiseCopyable {
    fileprivate let index: Int
    let shared: Unmanaged<SharedBytes>
  }

  private var all: [SharedBytes?] = []
  private var free: [Int] = []

  mutating func keep(_ workload: SharedBytes) -> Place {
    let index = free.popLast() ?? all.count
    if index == all.count { all.append(workload) } else { all[index] = workload }
    return Place(index: index, shared: .passUnretained(workload))
  }

  mutating func release(_ place: Place) {
    all[place.index] = nil
    free.append(place.index)
  }

  static func isLarge(_ count: Int) -> Bool { count >= SharedBytes.least }

  /// Bytes that a workload takes in its job's block.
  @inline(__always)
  static func room(_ count: Int) -> Int { isLarge(count) ? MemoryLayout<Place>.size : count }
}
