import PeriodicCore
import PeriodicStore

/// Drops that a former run of the server began and did not finish.
///
/// Nobody but the store knows their rows any more: it hides them from `load`, deletes them a slice
/// at a time behind later batches, and then forgets the drops. One walk over the ids serves them
/// all.
struct Leftovers {
  struct Drop {
    var function: [UInt8]
    var last: UInt64
  }

  private(set) var drops: [Drop] = []
  /// The largest id that is gone, by function.
  private var lastGone: [[UInt8]: UInt64] = [:]
  /// Ids up to this one have been looked at.
  private(set) var cursor: Int64 = -1
  /// No id above this one is concerned.
  private(set) var end: Int64 = -1

  init(in connection: Connection) throws(StoreError) {
    let select = try Statement("SELECT func, up_to FROM drops", on: connection, "read the drops")
    while try select.step() {
      let last = UInt64(clamping: select.number(1))
      let function = [UInt8](select.bytes(0))
      drops.append(Drop(function: function, last: last))
      lastGone[function] = max(lastGone[function] ?? 0, last)
      end = max(end, Int64(last))
    }
  }

  var isEmpty: Bool { drops.isEmpty }

  /// Whether the row of this job is one of a dropped function.
  func hides(_ id: Int64, of function: Bytes) -> Bool {
    guard id <= end, let last = lastGone[[UInt8](function)] else { return false }
    return id <= Int64(last)
  }

  func has(_ function: Bytes, upTo last: JobID) -> Bool {
    drops.contains { $0.last == last.number && $0.function.elementsEqual(function) }
  }

  /// A drop that is already known here was repeated: the walk begins again, because rows that the
  /// same batch put back may lie behind it.
  mutating func dropped(_ function: Bytes, upTo last: JobID) {
    if has(function, upTo: last) {
      cursor = -1
      end = max(end, Int64(last.number))
    }
  }

  /// Rows before this one are none of ours, and none after `last` are.
  mutating func narrow(from first: Int64, through last: Int64) {
    cursor = first - 1
    end = last
  }

  mutating func advance(to id: Int64) { cursor = id }

  mutating func removeAll() {
    drops = []
    lastGone = [:]
  }
}
