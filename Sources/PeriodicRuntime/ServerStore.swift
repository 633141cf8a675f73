import PeriodicCore
import PeriodicLoop
import PeriodicServer
import PeriodicStore

/// A server's store as the loop sees it: what it hands back goes into the core a piece a turn, what
/// it has made durable is reported to the core.
final class ServerStore {
  private let loop: Loop
  private let core: ServerCore
  private let log: ((LogLevel, String) -> Void)?
  private let changed: () -> Void
  private var thread: StoreThread?
  private var chunks: [StoreBatch] = []
  private var isRead = false
  private var isFailing = false

  private(set) var isLoading = true
  private(set) var isClosed = false
  /// Why not everything could be read.
  private(set) var loadError: StoreError?

  /// Opens the store, and waits for that. `changed` is called on the loop after each answer.
  init(
    _ loop: Loop, _ core: ServerCore, make: @escaping @Sendable () -> any StoreDriver,
    log: ((LogLevel, String) -> Void)?, changed: @escaping () -> Void
  ) throws(ServerError) {
    self.loop = loop
    self.core = core
    self.log = log
    self.changed = changed
    thread = try StoreThread(loop, make: make) { [unowned self] in received($0) }
  }

  /// Begins to read everything back.
  func load() { thread?.load() }

  func apply(_ batch: StoreBatch) { thread?.apply(batch) }

  /// Has the store closed after what it was given; `isClosed` then.
  func beginClosing() {
    chunks = []
    thread?.beginClosing()
  }

  /// Closes the store after what it was given, and waits for that.
  func close() {
    thread?.close()
    thread = nil
  }

  /// Whether `restoreSome` has something to do.
  var hasLoaded: Bool { isLoading && (!chunks.isEmpty || isRead) }

  /// Hands one piece of what was read to the core, and starts it after the last.
  func restoreSome(at now: Now) {
    guard hasLoaded else { return }
    if !chunks.isEmpty {
      let chunk = chunks.removeFirst()
      chunk.forEach { core.restore($0.storedItem, at: now) }
      thread?.chunkWasConsumed()
    }
    if chunks.isEmpty && isRead {
      isLoading = false
      core.storeReady(at: now)
    }
  }

  private func received(_ answer: StoreThread.Answer) {
    switch answer {
    case .loaded(let chunk): chunks.append(chunk)
    case .loadEnded(nil): isRead = true
    case .loadEnded(let error): loadError = error
    case .applied(let batch, let failure):
      note(failure)
      core.stored(batch, failure: failure, at: loop.now) { action in
        if case .apply(let batch) = action { apply(batch) }
      }
    case .closed:
      isClosed = true
      close()
    }
    changed()
  }

  /// Says once when the store begins to fail, and once when it works again.
  private func note(_ failure: StoreError?) {
    if let failure, !isFailing {
      log?(.error, "the store cannot write: \(failure.message)")
    } else if failure == nil, isFailing {
      log?(.warning, "the store can write again")
    }
    isFailing = failure != nil
  }
}
