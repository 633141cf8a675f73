import PeriodicCore
import PeriodicStore

/// Carries what can be read of one file over into another.
struct SalvageRun {
  private(set) var result = Salvage()
  private let source: SalvageSource
  private let target: SalvageTarget
  /// The largest id that is gone, by function.
  private var lastGone: [ArraySlice<UInt8>: Int64] = [:]
  /// No number that was seen is greater.
  private var highest: Int64 = -1

  /// Numbers left out where nobody knows which were given away: those of some minutes at full
  /// speed.
  private static let margin: Int64 = 1 << 24

  init(_ source: SalvageSource, _ target: SalvageTarget) {
    self.source = source
    self.target = target
  }

  mutating func all(_ progress: (Int) -> Void) throws(StoreError) {
    result.missingPages = Int(source.pages.missing)
    readDrops()
    try copyJobs(progress)
    try copyFunctions()
    try copySettings()
    try reserveNumbers()
    result.duplicates = try target.removeDuplicates()
    result.jobs = Int(try target.number("SELECT count(*) FROM jobs"))
    result.functions = Int(try target.number("SELECT count(*) FROM functions"))
    result.damagedPages = source.walk.damaged.count
    noteWhatIsUnsure()
  }

  private mutating func readDrops() {
    let before = source.walk.damaged.count
    var drops: [(ArraySlice<UInt8>, Int64)] = []
    source.walk.walkIndex(source.roots.drops) { bytes in
      guard let row = Record(bytes), row.values.count == 2, let name = row.blob(0),
        let last = row.number(1)
      else { return }
      drops.append((row.bytes[name], last))
    }
    for (name, last) in drops {
      lastGone[name] = max(lastGone[name] ?? -1, last)
      highest = max(highest, last)
    }
    if source.walk.damaged.count > before {
      result.notes.append("the list of drops is damaged: jobs that were dropped may be back")
    }
  }

  private mutating func copyJobs(_ progress: (Int) -> Void) throws(StoreError) {
    var failure: StoreError?
    var seen = 0
    var isLoose = false
    func take(_ id: Int64, _ bytes: [UInt8], _ run: inout SalvageRun) {
      do throws(StoreError) {
        if failure == nil { try run.take(id, bytes, isLoose: isLoose) }
      } catch {
        failure = error
      }
      seen += 1
      if seen % 1000 == 0 { progress(seen) }
    }
    var run = self
    source.walk.walkTable(source.roots.jobs) { take($0, $1, &run) }
    let found = try target.number("SELECT count(*) FROM jobs")
    isLoose = true
    source.walk.searchLoose(knowsFree: source.knowsFree) { take($0, $1, &run) }
    self = run
    if let failure { throw failure }
    result.brokenRows += source.walk.brokenRows
    result.looseJobs = Int(try target.number("SELECT count(*) FROM jobs") - found)
    if source.walk.lost.isEmpty, result.looseJobs > 0 {
      result.notes.append("\(result.looseJobs) jobs were in pages that nothing leads to")
    }
    if !source.walk.lost.isEmpty {
      let parts = source.walk.lost.map(SalvageRun.text)
      let more = parts.count > 8 ? " and \(parts.count - 8) more" : ""
      result.notes.append(
        "pages of the jobs \(parts.prefix(8).joined(separator: ", "))\(more) are lost;"
          + " \(result.looseJobs) jobs of them were found elsewhere")
    }
  }

  private mutating func take(
    _ id: Int64, _ bytes: [UInt8], isLoose: Bool
  ) throws(StoreError) {
    guard let job = SalvagedJob(id, bytes) else {
      // Pages that nothing leads to may be of any table.
      if !isLoose { result.brokenRows += 1 }
      return
    }
    highest = max(highest, id)
    if let last = lastGone[job.function], id <= last {
      result.droppedRows += 1
    } else {
      try target.add(job)
    }
  }

  private func copyFunctions() throws(StoreError) {
    let before = source.walk.damaged.count
    var names: [[UInt8]] = []
    source.walk.walkIndex(source.roots.functions) { bytes in
      guard let row = Record(bytes), 1...2 ~= row.values.count, let name = row.blob(0),
        1...Limits.nameBytes ~= name.count
      else { return }
      names.append([UInt8](row.bytes[name]))
    }
    for name in names { try add(name) { .addFunction($0) } }
    if source.walk.damaged.count > before || !source.hasSchema {
      try target.addMissingFunctions()
    }
  }

  private mutating func copySettings() throws(StoreError) {
    let before = source.walk.damaged.count
    var settings: [(key: [UInt8], value: UInt32)] = []
    source.walk.walkIndex(source.roots.settings) { bytes in
      guard let row = Record(bytes), row.values.count == 2, let key = row.blob(0),
        let value = row.number(1).flatMap(UInt32.init(exactly:))
      else { return }
      settings.append(([UInt8](row.bytes[key]), value))
    }
    for (key, value) in settings { try add(key) { .setSetting(key: $0, value: value) } }
    if source.walk.damaged.count > before {
      result.notes.append("the settings are damaged: look at them with `periodic config`")
    }
  }

  private func add(
    _ bytes: [UInt8], _ operation: (Bytes) -> StoreOperation
  ) throws(StoreError) {
    let result = bytes.withUnsafeBytes { bytes -> Result<Void, StoreError> in
      do throws(StoreError) {
        return .success(try target.add(operation(bytes)))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  private mutating func reserveNumbers() throws(StoreError) {
    var reserved: Int64?
    var rows = 0
    if let root = source.pages.page(source.roots.reserved),
      let page = TreePage(root, number: source.roots.reserved), page.kind == .tableLeaf
    {
      source.walk.walkTable(source.roots.reserved) { _, bytes in
        rows += 1
        guard let row = Record(bytes), row.values.count == 2, let limit = row.number(1),
          0...JobRow.lastNumber ~= limit
        else { return }
        reserved = limit
      }
    }
    // Where the row is unread, or below what was given away, only a distance is safe.
    var limit = reserved ?? 0
    if limit <= highest || reserved == nil && (highest >= 0 || !source.hasSchema) {
      limit = min(max(limit, highest + 1) + SalvageRun.margin, JobRow.lastNumber)
      result.notes.append(
        "which numbers were given away is not known: new jobs begin at \(limit)")
    }
    try target.add(.reserve(upTo: UInt64(limit)))
  }

  private mutating func noteWhatIsUnsure() {
    if !source.knowsFree && !source.walk.lost.isEmpty || !source.knowsFree && result.looseJobs > 0 {
      result.notes.append(
        "the list of free pages is damaged: jobs that had ended may be back")
    }
    if !source.hasSchema {
      result.notes.append("the list of tables is damaged: they were looked for in their places")
    }
  }

  private static func text(_ range: ClosedRange<Int64>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (.min, .max): "of all numbers"
    case (.min, let last): "up to \(last)"
    case (let first, .max): "from \(first)"
    case (let first, let last): "\(first) to \(last)"
    }
  }
}
