import PeriodicCore
import PeriodicLoop
import PeriodicServer
import PeriodicStore

/// Runs a store's blocking calls on one thread of its own, first in, first out.
///
/// The driver is made, used and closed on that thread; the loop never touches it. Answers come back
/// through a mailbox, and are delivered on the loop.
final class StoreThread {
  enum Answer {
    /// Some of what the store holds.
    case loaded(StoredChunk)
    /// All of it was handed over, or not, and why.
    case loadEnded(StoreError?)
    /// The oldest so many batches are durable.
    case applied(Int)
    /// Nothing of the batches is kept that were not answered for. Those that come are passed over,
    /// until `goOn`.
    case failed(StoreError)
    /// A put for each job that was found.
    case read(StoreRead, StoreBatch, StoreError?)
    /// Whether the store can write.
    case probed(StoreError?)
    /// A sync of what was answered for failed, or succeeded after that.
    case synced(StoreError?)
    case backup(BackupState)
    case closed
  }

  private let loop: Loop
  private let inbox: StoreInbox
  private let mailbox: Mailbox<Parcel>
  private var thread: NativeThread?
  /// When the store was written before, by the wall clock of then.
  private(set) var lastWritten: Int64?

  /// Opens the store that `make` makes, and waits for that. `receive` is called on the loop.
  init(
    _ loop: Loop, make: @escaping @Sendable () -> any StoreDriver,
    receive: @escaping (Answer) -> Void
  ) throws(ServerError) {
    self.loop = loop
    do {
      let inbox = try StoreInbox()
      self.inbox = inbox
      mailbox = try Mailbox(loop) { receive($0.answer) }
      let sender = mailbox.sender
      thread = try NativeThread(name: "periodic-store") {
        StoreThread.main(make(), inbox, sender)
      }
    } catch {
      throw .loop(error)
    }
    do {
      lastWritten = try inbox.waitForOpening()
    } catch {
      join()
      throw .store(error)
    }
  }

  deinit { close() }

  /// Has everything read back: `loaded` chunks, then `loadEnded`.
  func load() { inbox.push(.load) }

  /// The loop has done with a chunk, so that another may be read.
  func chunkWasConsumed() { inbox.chunkWasConsumed() }

  /// Has a batch made durable. It belongs to the store thread until that has answered for it.
  func apply(_ batch: StoreBatch) { inbox.push(.apply(batch)) }

  /// The loop has heard that batches failed: those that come from now on count.
  func goOn() { inbox.push(.goOn) }

  /// Has jobs read; `read` brings them.
  func read(_ read: StoreRead) { inbox.push(.read(read)) }

  /// Has the store looked whether it can write; `probed` follows.
  func probe() { inbox.push(.probe) }

  /// Has the store begin a backup; `backup` tells how far it is, until it has ended.
  func beginBackup(to path: String) { inbox.push(.beginBackup(path)) }

  func cancelBackup() { inbox.push(.cancelBackup) }

  /// Has the store closed, after what was asked before; `closed` follows.
  func beginClosing() { inbox.push(.close) }

  /// Closes the store, after what was asked before, and waits for that. Nothing is received any
  /// more.
  func close() {
    guard thread != nil else { return }
    // In a forked child there is no such thread, and the store is the parent's.
    if !loop.isInherited { inbox.push(.close) }
    join()
  }

  private func join() {
    mailbox.close()
    thread?.join()
    thread = nil
  }

  // MARK: On the store thread

  private static func main(
    _ driver: any StoreDriver, _ inbox: StoreInbox, _ sender: Mailbox<Parcel>.Sender
  ) {
    do throws(StoreError) {
      try driver.open()
      inbox.opened(.success(driver.lastWritten))
    } catch {
      driver.close()
      inbox.opened(.failure(error))
      return
    }
    var service = StoreService(driver, inbox) { sender.push(Parcel($0)) }
    service.run()
  }
}

/// Takes an answer to the loop's thread. The store thread lets go of what is in it.
private struct Parcel: @unchecked Sendable {
  let answer: StoreThread.Answer
  init(_ answer: StoreThread.Answer) { self.answer = answer }
}
