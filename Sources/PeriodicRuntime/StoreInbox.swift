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

  private let mutex = ThreadMutex()
  private let changed = ThreadCondition()
  private var requests = Queue<Request>()
  /// Operations in the batches among them.
  private var operations = 0
  private var chunksUnderWay = 0
  private var isClosing = false
  private var opening: Result<Int64?, StoreError>?

  private static let mostChunks = 8

  // MARK: The loop's side

  /// Adds a request. A batch belongs to the store thread until it is answered for.
  func push(_ request: Request) {
    mutex.withLock {
      requests.append(request)
      switch request {
      case .apply(let batch): operations += batch.count
      case .close: isClosing = true
      default: break
      }
    }
    // Under the lock, whoever wakes would at once wait again, for the lock.
    changed.broadcast()
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
    mutex.withLock {
      while true {
        if let deadline {
          let left = deadline - ThreadCondition.now
          if left <= 0 { return nil }
          if requests.isEmpty { _ = changed.wait(mutex, milliseconds: left) }
        } else if requests.isEmpty {
          changed.wait(mutex)
        }
        if let request = takeFirst() { return request }
      }
    }
  }

  /// The next batch, if one comes within so many microseconds and nothing else comes before it.
  func nextBatch(within microseconds: Int64) -> StoreBatch? {
    mutex.withLock {
      let end = microseconds > 0 ? ThreadCondition.microseconds + microseconds : 0
      while requests.isEmpty {
        let left = microseconds > 0 ? end - ThreadCondition.microseconds : 0
        if left <= 0 { return nil }
        _ = changed.wait(mutex, microseconds: left)
      }
      guard case .apply? = requests.first, case .apply(let batch)? = takeFirst() else { return nil }
      return batch
    }
  }

  /// Operations in the batches that wait.
  var waitingOperations: Int { mutex.withLock { operations } }

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
