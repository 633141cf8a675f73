import PeriodicCore
import PeriodicStore

/// Deleting rows that an unfinished drop of a former run left behind.
extension JobDatabase {
  /// Rows looked at behind one batch: a few milliseconds.
  static let sliceRows: Int64 = 4096

  /// Looks at the next few rows, and after the last forgets the drops.
  func sweep() throws(StoreError) {
    var gone: [Int64] = []
    var seen: Int64 = 0
    var last = leftovers.cursor
    slice.bind(1, leftovers.cursor)
    slice.bind(2, leftovers.end)
    slice.bind(3, JobDatabase.sliceRows)
    try slice.forEachRow {
      last = slice.number(0)
      seen += 1
      if leftovers.hides(last, of: slice.bytes(1)) { gone.append(last) }
    }
    let isLast = seen < JobDatabase.sliceRows
    if !gone.isEmpty {
      try connection.transaction { () throws(StoreError) in
        for id in gone {
          delete.bind(1, id)
          try delete.run()
        }
      }
    }
    leftovers.advance(to: last)
    if isLast { try forgetLeftovers() }
  }

  private func forgetLeftovers() throws(StoreError) {
    try connection.transaction { () throws(StoreError) in
      for drop in leftovers.drops {
        var failure: StoreError?
        drop.function.withUnsafeBytes { name in
          do throws(StoreError) {
            try finishDrop(name, JobID(drop.last))
          } catch {
            failure = error
          }
        }
        if let failure { throw failure }
      }
    }
    leftovers.removeAll()
  }
}
