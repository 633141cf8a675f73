import PeriodicCore
import PeriodicStore

/// Keeps replies back until what they promise is durable (DESIGN "The commit gate").
///
/// Batches go to the store as they collect, and the store makes as many of them durable together as
/// are there: under load groups grow by themselves. A reply is encoded when it is made, in both
/// forms it can take, and only moved when its time comes.
///
/// - Invariant: E8. A reply held under a batch leaves only by `arrived` or `failed` of that batch
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

  /// A batch that is with the store, and the replies that wait for it.
  struct Flight {
    let batch: StoreBatch
    let held: Held
    let number: UInt64
    let metrics: Int
  }

  /// Operations that are worth being handed over in the middle of a turn.
  static let worthPassing = 32
  /// Batches whose memory is kept for later ones.
  private static let mostSpare = 8

  var canSeal: Bool { !collecting.isEmpty }

  /// The number that the collecting batch will be known by.
  private(set) var number: UInt64 = 1
  private(set) var collecting = StoreBatch()
  private(set) var held = Held()
  /// Metrics that the store has not answered for.
  var metrics: Int { collectingMetrics + flyingMetrics }
  /// With the store, oldest first.
  private(set) var flying: [Flight] = []
  /// How many of those, from the oldest, have been answered for and take no more replies.
  private var landing = 0
  /// Operations, bytes and metrics in `flying`.
  private var flyingOperations = 0
  private var flyingBytes = 0
  private var flyingMetrics = 0
  private var collectingMetrics = 0
  private var spare: [(batch: StoreBatch, held: Held)] = []

  /// The number of the newest batch that anything has been given to.
  var newest: UInt64 { collecting.isEmpty ? number - 1 : number }

  /// Whether the store has answered for the batch and all before it.
  func hasSettled(_ batch: UInt64) -> Bool {
    if let oldest = flying.first, oldest.number <= batch { return false }
    return collecting.isEmpty || number > batch
  }

  /// Operations that the store has not answered for.
  var unwritten: Int { collecting.count + flyingOperations }

  var isIdle: Bool { flying.isEmpty && collecting.isEmpty }

  /// Where a reply waits that promises everything emitted so far; `nil` if all of that is durable.
  var holder: Held? {
    if !collecting.isEmpty { return held }
    return flying.count > landing ? flying.last?.held : nil
  }

  mutating func append(_ operation: StoreOperation) {
    collecting.append(operation)
    if case .addMetric = operation { collectingMetrics += 1 }
  }

  /// How much waits for the store, in parts of its limits: above 1 clients wait, above 2 workers.
  func load(_ limits: Limits) -> Double {
    max(
      Double(unwritten) / Double(limits.batchOperations),
      Double(collecting.byteCount + flyingBytes) / Double(limits.batchBytes))
  }

  /// Whether `load` is above `parts`; asked for each message.
  func isAbove(_ parts: Int, _ limits: Limits) -> Bool {
    unwritten > parts * limits.batchOperations
      || collecting.byteCount + flyingBytes > parts * limits.batchBytes
  }

  /// A batch for the store, if one has collected.
  mutating func seal() -> StoreBatch? {
    guard canSeal else { return nil }
    let batch = collecting
    flying.append(
      Flight(batch: batch, held: held, number: number, metrics: collectingMetrics))
    flyingOperations += batch.count
    flyingBytes += batch.byteCount
    flyingMetrics += collectingMetrics
    collectingMetrics = 0
    number += 1
    (collecting, held) = spare.popLast() ?? (StoreBatch(), Held())
    return batch
  }

  /// The oldest `count` batches are durable: they are to be settled, until `landed`.
  mutating func arrived(_ count: Int) -> ArraySlice<Flight> {
    invariant(0 < count && count <= flying.count, "E8: only a batch with the store can arrive")
    landing = count
    return flying[..<count]
  }

  /// The replies have gone out; the batches' memory serves later ones.
  mutating func landed() {
    for flight in flying[..<landing] { recycle(flight) }
    flying.removeFirst(landing)
    landing = 0
  }

  private mutating func recycle(_ flight: Flight) {
    flyingOperations -= flight.batch.count
    flyingBytes -= flight.batch.byteCount
    flyingMetrics -= flight.metrics
    guard spare.count < CommitGate.mostSpare else { return }
    flight.batch.removeAll()
    flight.held.removeAll()
    spare.append((flight.batch, flight.held))
  }

  /// What is with the store was refused. Puts and metrics are given up; all else goes again, before
  /// what collected meanwhile, and the replies to it wait on; but not if nothing is left that they
  /// could wait for.
  ///
  /// - Parameter refusesAll: whether the puts that have collected meanwhile are given up as well.
  /// - Returns: the numbers of the batches whose puts are gone, and the replies to be sent, most of
  ///   them refusals.
  mutating func failed(
    isFull: Bool, refusesAll: Bool
  ) -> (answered: Held, numbers: ClosedRange<UInt64>) {
    guard let first = flying.first else { fatalError("E8: only a batch with the store can fail") }
    let again = StoreBatch()
    for flight in flying { flight.batch.appendUnrefusable(to: again) }
    if refusesAll {
      collecting.appendUnrefusable(to: again)
      collectingMetrics = 0
    } else {
      collecting.forEach { again.append($0) }
    }
    let waiting = Held()
    let answered = Held()
    let hasMore = !again.isEmpty
    for flight in flying {
      answer(flight.held, isFull: isFull, hasMore: hasMore, answered, waiting)
    }
    if refusesAll {
      answer(held, isFull: isFull, hasMore: hasMore, answered, waiting)
    } else {
      waiting.entries.append(contentsOf: held.entries)
      waiting.bytes.append(held.bytes.bytes)
    }
    let numbers = first.number...(refusesAll ? number : number - 1)
    for flight in flying { recycle(flight) }
    flying.removeAll()
    (collecting, held) = (again, waiting)
    return (answered, numbers)
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
