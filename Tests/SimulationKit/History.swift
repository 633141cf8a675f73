/// What may be found in the store after a crash: for each key the last acknowledged change, or one
/// of those that came after it.
struct History {
  /// Changes in order; the outcome is the workload that is kept, or nil when the job went.
  private var changes: [KeyName: [(number: Int, outcome: String?)]] = [:]
  private var acknowledged: [KeyName: Int] = [:]
  private var counter = 0

  init(_ rows: [KeyName: String] = [:]) {
    for (key, workload) in rows { changes[key] = [(0, workload)] }
  }

  /// Notes a change and gives it a number.
  mutating func record(_ key: KeyName, _ outcome: String?) -> Int {
    counter += 1
    changes[key, default: [(0, nil)]].append((counter, outcome))
    return counter
  }

  mutating func acknowledge(_ key: KeyName, _ change: Int) {
    acknowledged[key] = max(acknowledged[key] ?? 0, change)
  }

  /// The store refused the change, and its submitter heard of it.
  mutating func forget(_ key: KeyName, _ change: Int) {
    changes[key]?.removeAll { $0.number == change }
  }

  /// The first key whose row no acknowledged history explains.
  func violation(_ rows: [KeyName: String]) -> String? {
    for (key, list) in changes {
      let last = acknowledged[key] ?? 0
      let explained = list.contains { number, outcome in
        number >= last && outcome == rows[key]
      }
      if !explained {
        return "\(key) holds \(rows[key] ?? "nothing"), acknowledged was change \(last) of \(list)"
      }
    }
    return rows.keys.first { changes[$0] == nil }.map { "\($0) came from nowhere" }
  }
}
