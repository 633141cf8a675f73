import PeriodicCore
import PeriodicLoop
import PeriodicServer
import PeriodicStore

/// What the loop asks of the store thread: the one thing that both touch on this side.
///
/// Requests are carried out in order. Of what `load` reads, only so much is under way at a time
/// that a slow loop does not have a whole store in memory twice.
final class StoreInbox: @unchecked Sendable {
  enum Request {
    case load
    case apply(StoreBatch)
    case goOn
    case read(StoreRead)
    case probe
    case beginBackup(String)
    case cancelBackup
    case close
  }

  /// What may come first, for a thread that waits.
  enum Next {
    case batch(StoreBatch)
    /// Another request is the next one.
    case other
    /// The commit that goes on is over.
    case commitOver
  }

  /// Raised for the store thread when it waits, by what is pushed and by a commit that is over.
  let signal: ThreadSignal
  private let mutex = ThreadMutex()
  /// The store has been opened, or there is room for a chunk.
  private let changed = ThreadCondition()
  /// Whether the store thread waits for the signal.
  private var isWaiting = false
  private var requests = Queue<Request>()
  /// Operations in the batches among them.
  private var operations = 0
  private var chunksUnderWay = 0
  private var isClosing = false
  private var opening: Result<Int64?, StoreError>?

  private static let mostChunks = 8

  init() throws(LoopError) { signal = try ThreadSignal() }

  // MARK: The loop's side

  /// Adds a request. A batch belongs to the store thread until it is answered for.
  func push(_ request: Request) {
    var wakes = false
    mutex.withLock {
      requests.append(request)
      swap(&wakes, &isWaiting)
      switch request {
      case .apply(let batch): operations += batch.count
      case .close: isClosing = true
      default: break
      }
    }
    // Under the lock, whoever wakes would at once wait again, for the lock.
    if wakes { signal.raise() }
    if case .close = request { changed.broadcast() }
  }

  /// Waits until the store thread has opened the store or failed to.
  ///
  /// - Returns: when it was last written.
  func waitForOpening() throws(StoreError) -> Int64? {
    let result = mutex.withLock { () -> Result<Int64?, StoreError> in
      while true {
        if let opening { return opening }
        changed.wait(mutex)
      }
    }
    return try result.get()
  }

  func chunkWasConsumed() {
    mutex.withLock { chunksUnderWay -= 1 }
    changed.broadcast()
  }

  // MARK: The store thread's side

  func opened(_ result: Result<Int64?, StoreError>) {
    mutex.withLock { opening = result }
    changed.broadcast()
  }

  /// Waits for a request, and at most until `deadline` if there is one (`ThreadCondition.now`);
  /// nil when that is over, whether requests wait or not.
  func next(before deadline: Int64?) -> Request? {
    while true {
      let left = deadline.map { $0 - ThreadCondition.now }
      if let left, left <= 0 { return nil }
      if let request = take(orWait: true) { return request }
      signal.wait(microseconds: left.map { min($0, 60_000) * 1000 })
    }
  }

  /// Waits for a request, or nil until the commit that goes on is over.
  func next(unless isCommitOver: () -> Bool) -> Request? {
    while !isCommitOver() {
      if let request = take(orWait: true) { return request }
      signal.wait()
    }
    return nil
  }

  /// Waits for a batch, for something else that comes before one, or the end of the commit.
  func nextBatch(unless isCommitOver: () -> Bool) -> Next {
    while !isCommitOver() {
      if let next = takeBatch(orWait: true) { return next }
      signal.wait()
    }
    return .commitOver
  }

  /// The next batch, if one comes within so many microseconds and nothing else comes before it.
  func nextBatch(within microseconds: Int64) -> StoreBatch? {
    let end = microseconds > 0 ? ThreadCondition.microseconds + microseconds : 0
    while true {
      let left = microseconds > 0 ? end - ThreadCondition.microseconds : 0
      switch takeBatch(orWait: left > 0) {
      case .batch(let batch): return batch
      case .none where left > 0: signal.wait(microseconds: left)
      default: return nil
      }
    }
  }

  /// Operations in the batches that wait.
  var waitingOperations: Int { mutex.withLock { operations } }

  /// The oldest request; if there is none, the next one raises the signal.
  private func take(orWait waits: Bool) -> Request? {
    mutex.withLock {
      isWaiting = waits && requests.isEmpty
      return takeFirst()
    }
  }

  private func takeBatch(orWait waits: Bool) -> Next? {
    mutex.withLock {
      isWaiting = waits && requests.isEmpty
      guard let first = requests.first else { return nil }
      guard case .apply = first, case .apply(let batch)? = takeFirst() else { return .other }
      return .batch(batch)
    }
  }

  private func takeFirst() -> Request? {
    guard let request = requests.popFirst() else { return nil }
    if case .apply(let batch) = request { operations -= batch.count }
    return request
  }

  /// Waits until another chunk may be sent; false when the store is to be closed instead.
  func awaitRoomForChunk() -> Bool {
    mutex.withLock {
      while chunksUnderWay >= StoreInbox.mostChunks, !isClosing { changed.wait(mutex) }
      chunksUnderWay += 1
      return !isClosing
    }
  }
}
