import PeriodicCore
import PeriodicStore

/// Finds jobs that have the same function and name, of which there may be one.
///
/// No index is kept for that. A hash of each pair is, and where two are equal the rows are read.
struct Doubles {
  private var hashes: [(hash: UInt64, id: Int64)] = []

  /// A second job, and the one with the smallest id that has its names.
  struct Pair: Equatable {
    var first: Int64
    var second: Int64
  }

  /// All in a store's table of jobs; `counted` hears how many were looked at.
  static func find(
    _ connection: Connection, _ counted: (Int) -> Void
  ) throws(StoreError) -> [Pair] {
    var doubles = Doubles()
    let select = try Statement(
      "SELECT id, func, name FROM jobs ORDER BY id", on: connection, "read the jobs")
    try select.forEachRow { () throws(StoreError) in
      doubles.add(select.number(0), select.bytes(1), select.bytes(2))
      counted(doubles.hashes.count)
    }
    return try doubles.pairs(connection)
  }

  mutating func add(_ id: Int64, _ function: Bytes, _ name: Bytes) {
    // FNV-1a, with the length in between so that the border of the two counts.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in function { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ UInt64(function.count)) &* 0x100_0000_01b3
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hashes.append((hash, id))
  }

  func pairs(_ connection: Connection) throws(StoreError) -> [Pair] {
    let sorted = hashes.sorted { $0 < $1 }
    let names = try Statement(
      "SELECT func, name FROM jobs WHERE id = ?1", on: connection, "read a job")
    var pairs: [Pair] = []
    var known: [[[UInt8]]: Int64] = [:]
    for (index, entry) in sorted.enumerated() {
      let hasBefore = index > 0 && sorted[index - 1].hash == entry.hash
      let hasAfter = index + 1 < sorted.count && sorted[index + 1].hash == entry.hash
      if !hasBefore { known = [:] }
      guard hasBefore || hasAfter else { continue }
      names.bind(1, entry.id)
      var key: [[UInt8]] = []
      try names.forEachRow { () throws(StoreError) in
        key = [[UInt8](names.bytes(0)), [UInt8](names.bytes(1))]
      }
      if let first = known[key] {
        pairs.append(Pair(first: first, second: entry.id))
      } else {
        known[key] = entry.id
      }
    }
    return pairs
  }
}
