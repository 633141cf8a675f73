import PeriodicCore
import PeriodicStore

/// Keeps replies back until what they promise is durable (DESIGN "The commit gate").
///
/// One batch is with the store, the next one collects: under load batches grow by themselves. A
/// reply is encoded when it is made, in both forms it can take, and only moved when its time comes.
///
/// - Invariant: E8. A reply held under a batch leaves only by `committed` or `failed` of that batch
///   or a later one.
struct CommitGate {
  /// A reply that waits. Its bytes lie in `Held.bytes`: first if all went well, then if the
  /// store failed, then if it is full.
  struct Entry {
    var session: SessionID
    var successLength: Int
    /// Zero for a change that is never given up: it goes with the next batch instead.
    var refusalLength: Int
    /// Zero where a full store has the same refusal.
    var fullLength = 0
  }

  final class Held {
    var entries: [Entry] = []
    var bytes = ByteBuffer()

    func removeAll() {
      entries.removeAll(keepingCapacity: true)
      bytes.reset(keeping: 1 << 20)
    }
  }

  /// Whether a batch has collected and none is with the store.
  var canSeal: Bool { flying == nil && !collecting.isEmpty }

  /// The number that the collecting batch will be known by.
  private(set) var number: UInt64 = 1
  private(set) var collecting = StoreBatch()
  private(set) var held = Held()
  /// Metrics in `collecting`.
  private(set) var metrics = 0
  private(set) var flying: (batch: StoreBatch, held: Held, number: UInt64)?
  /// Empty, for the next batch; the collecting one itself while a batch is with the store.
  private var spareBatch = StoreBatch()
  private var spareHeld = Held()

  /// The batch in flight has been answered for and takes no more replies.
  private var isLanding = false

  /// The number of the newest batch that anything has been given to.
  var newest: UInt64 { collecting.isEmpty ? number - 1 : number }

  /// Whether the store has answered for the batch and all before it.
  func hasSettled(_ batch: UInt64) -> Bool {
    if let flying, flying.number <= batch { return false }
    return collecting.isEmpty || number > batch
  }

  /// Operations that the store has not answered for.
  var unwritten: Int { collecting.count + (flying?.batch.count ?? 0) }

  var isIdle: Bool { flying == nil && collecting.isEmpty }

  /// Where a reply waits that promises everything emitted so far; `nil` if all of that is durable.
  var holder: Held? {
    if !collecting.isEmpty { return held }
    return isLanding ? nil : flying?.held
  }

  mutating func append(_ operation: StoreOperation) {
    collecting.append(operation)
    if case .addMetric = operation { metrics += 1 }
  }

  /// How full the collecting batch is, in parts of its limits: above 1 clients wait, above 2
  /// workers.
  func load(_ limits: Limits) -> Double {
    max(
      Double(collecting.count) / Double(limits.batchOperations),
      Double(collecting.byteCount) / Double(limits.batchBytes))
  }

  /// Whether `load` is above `parts`; asked for each message.
  func isAbove(_ parts: Int, _ limits: Limits) -> Bool {
    collecting.count > parts * limits.batchOperations
      || collecting.byteCount > parts * limits.batchBytes
  }

  /// The batch for the store, if one has collected and none is there.
  mutating func seal() -> StoreBatch? {
    guard canSeal else { return nil }
    flying = (collecting, held, number)
    metrics = 0
    number += 1
    collecting = spareBatch
    held = spareHeld
    return flying?.batch
  }

  /// The batch is durable: its replies, to be sent, until `landed`.
  mutating func arrived() -> (held: Held, number: UInt64) {
    isLanding = true
    guard let flying else { fatalError("E8: only a batch that is with the store can arrive") }
    return (flying.held, flying.number)
  }

  /// The replies have gone out; the batch's memory serves the batch after next.
  mutating func landed() {
    guard let flying else { fatalError("E8: only a batch that is with the store can land") }
    flying.batch.removeAll()
    flying.held.removeAll()
    (spareBatch, spareHeld) = (flying.batch, flying.held)
    self.flying = nil
    isLanding = false
  }

  /// The batch was refused. Puts and metrics are given up; all else goes again, before what
  /// collected meanwhile, and the replies to it wait on; but not if nothing is left that they could
  /// wait for.
  ///
  /// - Parameter refusesAll: whether the puts that have collected meanwhile are given up as well.
  /// - Returns: the numbers of the batches whose puts are gone, and the replies to be sent, most of
  ///   them refusals.
  mutating func failed(
    isFull: Bool, refusesAll: Bool
  ) -> (answered: Held, numbers: ClosedRange<UInt64>) {
    guard let flying else { fatalError("E8: only a batch that is with the store can fail") }
    let again = StoreBatch()
    flying.batch.appendUnrefusable(to: again)
    if refusesAll {
      collecting.appendUnrefusable(to: again)
      metrics = 0
    } else {
      collecting.forEach { again.append($0) }
    }
    let waiting = Held()
    let answered = Held()
    answer(flying.held, isFull: isFull, hasMore: !again.isEmpty, answered, waiting)
    if refusesAll {
      answer(held, isFull: isFull, hasMore: !again.isEmpty, answered, waiting)
      collecting.removeAll()
      held.removeAll()
    } else {
      waiting.entries.append(contentsOf: held.entries)
      waiting.bytes.append(held.bytes.bytes)
    }
    flying.batch.removeAll()
    flying.held.removeAll()
    (spareBatch, spareHeld) = (flying.batch, flying.held)
    (collecting, held) = (again, waiting)
    self.flying = nil
    return (answered, flying.number...(refusesAll ? number : flying.number))
  }

  /// Sorts held replies of a failed batch: refusals go out, the others wait if there is more to
  /// wait for.
  private func answer(
    _ held: Held, isFull: Bool, hasMore: Bool, _ answered: Held, _ waiting: Held
  ) {
    CommitGate.forEach(held) { entry, success, refusal, full in
      if entry.refusalLength > 0 {
        let said = isFull && !full.isEmpty ? full : refusal
        answered.entries.append(
          .init(session: entry.session, successLength: said.count, refusalLength: 0))
        answered.bytes.append(said)
      } else if hasMore {
        waiting.entries.append(entry)
        waiting.bytes.append(success)
      } else {
        answered.entries.append(entry)
        answered.bytes.append(success)
      }
    }
  }

  /// Shows each held reply in all its forms.
  static func forEach(
    _ held: Held, _ body: (Entry, _ success: Bytes, _ refusal: Bytes, _ full: Bytes) -> Void
  ) {
    var reader = ByteReader(held.bytes.bytes)
    for entry in held.entries {
      guard let success = reader.bytes(entry.successLength),
        let refusal = reader.bytes(entry.refusalLength), let full = reader.bytes(entry.fullLength)
      else { fatalError("E8: held replies lie one behind the other") }
      body(entry, success, refusal, full)
    }
  }
}

extension StoreBatch {
  /// Copies what is never given up.
  fileprivate func appendUnrefusable(to batch: StoreBatch) {
    forEach { operation in
      switch operation {
      case .put, .addMetric: break
      default: batch.append(operation)
      }
    }
  }
}
