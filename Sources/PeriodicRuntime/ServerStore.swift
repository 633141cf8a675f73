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
  private var chunks: [StoredChunk] = []
  private var isRead = false
  private var isReadFailing = false
  private var report: LoadReport

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
    report = LoadReport(at: loop.now)
    core.onStoreChange = { [unowned self] in noteState() }
    thread = try StoreThread(loop, make: make) { [unowned self] in received($0) }
  }

  /// Begins to read everything back.
  func load() { thread?.load() }

  func apply(_ batch: StoreBatch) { thread?.apply(batch) }

  func read(_ read: StoreRead) { thread?.read(read) }

  func probe() { thread?.probe() }

  func beginBackup(to path: String) { thread?.beginBackup(to: path) }

  func cancelBackup() { thread?.cancelBackup() }

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
      chunk.forEach {
        core.restore($0, at: now)
        report.note($0)
      }
      thread?.chunkWasConsumed()
      if let line = report.progress(at: now) { log?(.info, line) }
    }
    if chunks.isEmpty && isRead {
      isLoading = false
      for line in report.warnings(lastWritten: thread?.lastWritten) { log?(.warning, line) }
      core.storeReady(at: now)
    }
  }

  private func received(_ answer: StoreThread.Answer) {
    switch answer {
    case .loaded(let chunk): chunks.append(chunk)
    case .loadEnded(nil): isRead = true
    case .loadEnded(let error): loadError = error
    case .applied(let count): core.stored(count, at: loop.now)
    case .failed(let failure):
      core.storeFailed(failure, at: loop.now)
      thread?.goOn()
    case .read(let read, let rows, let failure):
      note(reading: failure)
      core.wasRead(read, rows: rows, failure: failure, at: loop.now)
    case .probed(let failure): core.probed(failure, at: loop.now)
    case .synced(let failure): note(syncing: failure)
    case .backup(let state): note(backup: state)
    case .closed:
      isClosed = true
      close()
    }
    changed()
  }

  private func note(backup state: BackupState) {
    let before = core.backup.phase
    core.backupChanged(state)
    switch state.phase {
    case .running where before != .running, .none, .running: return
    case .done: log?(.info, "backup: \(state.path) is complete")
    case .failed: log?(.error, "backup: \(state.error ?? "")")
    case .cancelled: log?(.warning, "backup: \(state.path) was cancelled")
    }
  }

  private func note(syncing failure: StoreError?) {
    if let failure {
      log?(.error, "the store cannot sync what was answered for: \(failure.message)")
    } else {
      log?(.warning, "the store has synced what was answered for")
    }
  }

  /// Says once when jobs cannot be read back, and once when they can be again.
  private func note(reading failure: StoreError?) {
    if let failure, !isReadFailing {
      log?(.error, "the store cannot read: \(failure.message)")
    } else if failure == nil, isReadFailing {
      log?(.warning, "the store can read again")
    }
    isReadFailing = failure != nil
  }

  /// Says once what the store has come to.
  private func noteState() {
    let cause = core.health.cause?.message ?? ""
    switch core.health.state {
    case .working: log?(.warning, "the store can write again")
    case .failing: log?(.error, "the store cannot write, and is tried again: \(cause)")
    case .full:
      log?(.error, "the store is full: jobs are refused, ended and removed ones go: \(cause)")
    case .readOnly:
      log?(
        .error,
        "the store is read-only: jobs are refused, what ends and removes them is kept in memory "
          + "until it can be written: \(cause)")
    }
  }
}
