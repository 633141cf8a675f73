public import PeriodicCore

/// Starting from what a store kept.
extension Engine {
  /// Takes one item of an opened store. Every job waits: whoever held it before is gone.
  ///
  /// Called before the first command; nothing is emitted.
  public mutating func restore(_ item: StoredItem, at now: Now) {
    switch item {
    case .function(let name): _ = findFunction(name) ?? insertFunction(name)
    case .setting(let key, let value): settings.set(key, to: value)
    case .reserved(let limit): numbers.restore(reserved: limit)
    case .job(let entry): restore(entry, at: now)
    }
  }

  /// Asks for the first numbers. Commands may come once that has been committed.
  public mutating func start(into effects: inout Effects) {
    request(&effects)
  }

  /// Its turn and its name are enough until that turn comes.
  private mutating func restore(_ entry: StoredEntry, at now: Now) {
    let key = entry.key
    let function = findFunction(key.function) ?? insertFunction(key.function)
    // A store has one row for each pair; should a damaged one have two, the first counts.
    if findJob(key.name, of: function) != nil { return }
    let job = insertJob(
      entry.id, key, nil, nil, length: entry.workloadLength, of: function, due: entry.due)
    numbers.restore(reserved: entry.id.number + 1)
    schedule(job, at: now)
  }
}
