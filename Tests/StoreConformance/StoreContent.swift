public import PeriodicCore
public import PeriodicStore

/// Everything that a store hands back, as values that can be compared.
public struct StoreContent: Equatable, Sendable {
  public struct Row: Equatable, Sendable, CustomStringConvertible {
    public var id: UInt64
    public var function: [UInt8]
    public var name: [UInt8]
    public var workload: [UInt8]
    public var due: Int64
    public var scheduledAt: Int64
    public var timeout: Int32
    public var count: Int32
    public var origin: JobOrigin
    public var previousRunAt: Int64

    public init(
      _ id: UInt64, _ function: String = "f", name: String? = nil, workload: String = "work",
      due: Int64 = 1000, scheduledAt: Int64 = 1, timeout: Int32 = 0, count: Int32 = 0,
      origin: JobOrigin = .generation2, previousRunAt: Int64 = 0
    ) {
      self.id = id
      self.function = [UInt8](function.utf8)
      self.name = [UInt8]((name ?? "job \(id)").utf8)
      self.workload = [UInt8](workload.utf8)
      self.due = due
      self.scheduledAt = scheduledAt
      self.timeout = timeout
      self.count = count
      self.origin = origin
      self.previousRunAt = previousRunAt
    }

    public var description: String {
      let text = String(decoding: function, as: UTF8.self)
      return "job \(id) of \(text), due \(due), count \(count), \(workload.count) bytes"
    }
  }

  public struct Setting: Equatable, Sendable {
    public var key: String
    public var value: UInt32

    public init(_ key: String, _ value: UInt32) {
      self.key = key
      self.value = value
    }
  }

  public var functions: [[UInt8]] = []
  public var settings: [Setting] = []
  public var reserved: UInt64?
  /// In the order in which they were handed back.
  public var rows: [Row] = []

  public init() {}

  /// Reads an open store.
  public init(loading store: any StoreDriver) throws(StoreError) {
    var content = StoreContent()
    var entries: [Entry] = []
    try store.load { item in
      content.take(item)
      if case .job(let entry) = item { entries.append(Entry(entry)) }
    }
    try store.read(entries.map { JobID($0.id) }) { content.rows.append(Row($0)) }
    invariant(entries == content.rows.map(Entry.init), "what is loaded is what is read")
    self = content
  }

  /// Jobs of an open store by their ids, in the order in which they are handed back.
  public static func rows(_ ids: [UInt64], of store: any StoreDriver) throws(StoreError) -> [Row] {
    var rows: [Row] = []
    try store.read(ids.map { JobID($0) }) { rows.append(Row($0)) }
    return rows
  }

  /// What `load` tells of a row.
  private struct Entry: Equatable {
    var id: UInt64
    var function: [UInt8]
    var name: [UInt8]
    var due: Int64
    var length: Int

    init(_ entry: StoredEntry) {
      id = entry.id.number
      function = [UInt8](entry.key.function)
      name = [UInt8](entry.key.name)
      due = entry.due
      length = entry.workloadLength
    }

    init(_ row: Row) {
      id = row.id
      function = row.function
      name = row.name
      due = row.due
      length = row.workload.count
    }
  }

  private mutating func take(_ item: StoredItem) {
    switch item {
    case .function(let name): functions.append([UInt8](name))
    case .setting(let key, let value): settings.append(Setting(key.text, value))
    case .reserved(let limit): reserved = limit
    case .job: break
    }
  }
}

extension StoreContent.Row {
  init(_ stored: StoredJob) {
    self.init(
      stored.id.number, due: stored.due, scheduledAt: stored.job.scheduledAt,
      timeout: stored.job.timeout, count: stored.job.count, origin: stored.job.origin,
      previousRunAt: stored.previousRunAt)
    function = [UInt8](stored.job.key.function)
    name = [UInt8](stored.job.key.name)
    workload = [UInt8](stored.job.workload)
  }
}
