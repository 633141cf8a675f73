public import PeriodicCore

/// One kind of store: plain blocking code without policy, called from one thread at a time.
///
/// The engine's tables are the truth while a server runs; a store is their journal. The promise
/// that lets the engine move ahead of it: batches are applied in the order given, each whole or not
/// at all, and `apply` returns only when the batch is durable. Each operation is idempotent.
public protocol StoreDriver: AnyObject {
  /// Opens the store, creates it if it is new, and takes it for this process alone.
  func open() throws(StoreError)
  /// When the store was written before this opening, by the wall clock of then: milliseconds since
  /// 1970; nil if that is not known. Asked for once, after `open`.
  var lastWritten: Int64? { get }
  /// Hands back everything that was put in, of jobs no more than their entries; called once,
  /// between `open` and the first `apply`.
  func load(_ visit: (StoredItem) -> Void) throws(StoreError)
  /// Shows the jobs of these ids as they are, with their workloads; ids without a job are left out.
  ///
  /// `ids` ascend, and so do the jobs.
  func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError)
  /// Makes all of the batch durable, and what was staged before it; or changes nothing and throws.
  func apply(_ batch: StoreBatch) throws(StoreError)
  /// Takes a batch ahead: it becomes durable with the `apply` or `commit` that follows, all of them
  /// or none, and is neither changed nor freed before that. Only `read` and `close` are called in
  /// between. After an error nothing is left of what was staged since the last of those.
  ///
  /// - Returns: false if the store does not do this; then the batch has to be applied by itself.
  func stage(_ batch: StoreBatch) throws(StoreError) -> Bool
  /// Makes durable as `apply` does, but may return while that goes on: true then, and `signal`, an
  /// eventfd, has 1 added to it when it is over. Until `endCommit` only `stage`, `isCommitOver` and
  /// `close` are called.
  func commit(_ batch: StoreBatch, signal: Int32) throws(StoreError) -> Bool
  /// Whether `endCommit` would not have to wait.
  var isCommitOver: Bool { get }
  /// Ends a commit that went on, also when a `stage` after it has failed: waits for it. After an
  /// error nothing is left of it, and of what was staged after it.
  func endCommit() throws(StoreError)
  /// Looks whether a batch of jobs could be written, and gets ready for it. Called now and then
  /// while the last write failed; throws what would be in the way.
  func probe() throws(StoreError)
  /// Within how many milliseconds of an `apply` a `sync` has to follow; nil if none is needed.
  ///
  /// Such a store's `apply` only hands the batch to the system, and is durable with the `sync`.
  var syncInterval: Int? { get }
  /// Makes durable what was applied, if it is not yet.
  func sync() throws(StoreError)
  /// Does a few milliseconds of work that can wait, such as giving room back. Called between
  /// batches.
  ///
  /// - Returns: whether there is more.
  func maintain() throws(StoreError) -> Bool
  /// Begins a copy of the store in the new file `path`, which appears when it is complete. One at a
  /// time. It has what the store has when it is complete.
  func beginBackup(to path: String) throws(StoreError)
  /// Does a few milliseconds of it, between batches. After an error, and after the end, there is no
  /// backup any more.
  func continueBackup() throws(StoreError) -> BackupProgress
  /// Gives the backup up, if there is one; nothing is left of it.
  func cancelBackup()
  /// Closes the store. Safe to call twice, and after a failed `open`.
  func close()
}

extension StoreDriver {
  public var lastWritten: Int64? { nil }

  public func stage(_ batch: StoreBatch) throws(StoreError) -> Bool { false }

  public func commit(_ batch: StoreBatch, signal: Int32) throws(StoreError) -> Bool {
    try apply(batch)
    return false
  }
  public var isCommitOver: Bool { true }
  public func endCommit() throws(StoreError) {}

  /// The next batch tells.
  public func probe() throws(StoreError) {}
  public var syncInterval: Int? { nil }
  public func sync() throws(StoreError) {}
  public func maintain() throws(StoreError) -> Bool { false }
  public func beginBackup(to path: String) throws(StoreError) {
    throw StoreError(.failed, "\(path): this store cannot be backed up")
  }
  public func continueBackup() throws(StoreError) -> BackupProgress {
    throw StoreError(.failed, "there is no backup to go on with")
  }
  public func cancelBackup() {}
}

/// What went wrong with a store.
public struct StoreError: Error, Equatable, Sendable {
  public enum Code: Equatable, Sendable {
    /// No room; writes may work again when there is.
    case full
    /// Another process, or another server of this process, has it.
    case busy
    /// The file is not ours, or damaged.
    case corrupt
    /// Permission, a missing directory, a read-only file system.
    case denied
    /// An I/O error, or anything else that may pass.
    case failed
  }

  public var code: Code
  /// What was being done, to what, and what the system said: for a person.
  public var message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
