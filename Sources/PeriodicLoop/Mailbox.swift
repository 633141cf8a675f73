internal import CUV
internal import Glibc
internal import PeriodicCore

/// Brings messages of other threads into a loop, in the order they were sent.
///
/// The mailbox itself is the loop's; `sender` is the one thing that other threads hold. The loop is
/// woken once for all messages that collect until it looks: by a descriptor of its own, because
/// libuv's wake-ups make the receiver wait until the sender has left its system call.
public final class Mailbox<Message: Sendable> {
  public let sender: Sender
  private let watch: DescriptorWatch
  private let receive: (Message) -> Void

  /// `receive` is called on the loop, once for each message.
  public init(_ loop: Loop, receive: @escaping (Message) -> Void) throws(LoopError) {
    let descriptor = cuv_wakeup()
    if descriptor < 0 { throw .last("make a mailbox") }
    watch = try DescriptorWatch(loop, descriptor)
    self.receive = receive
    sender = Sender(descriptor)
    watch.onReady { [unowned self] _, _ in drain() }
    watch.watch(reads: true)
  }

  deinit { close() }

  /// Takes nothing more; messages not yet received are dropped. Senders may go on sending, in vain.
  public func close() {
    // In a forked child the lock may be held for ever by a thread that is not there.
    if !watch.loop.isInherited { sender.close() }
    watch.close()
  }

  private func drain() {
    // Before the messages are taken: what comes afterwards wakes the loop again.
    var count: UInt64 = 0
    _ = read(watch.descriptor, &count, MemoryLayout<UInt64>.size)
    for message in sender.take() {
      if watch.isClosed { return }
      receive(message)
    }
  }

  /// The end that any thread may use.
  public final class Sender: @unchecked Sendable {
    private let mutex = ThreadMutex()
    private var messages: [Message] = []
    /// What wakes the loop; nil once the mailbox is closed, which comes before it is closed itself.
    private var descriptor: Int32?

    fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Sends a message; false when the mailbox is closed and nobody will receive it.
    @discardableResult
    public func push(_ message: Message) -> Bool {
      mutex.withLock {
        guard let descriptor else { return false }
        messages.append(message)
        if messages.count == 1 {
          var one: UInt64 = 1
          _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
        }
        return true
      }
    }

    fileprivate func take() -> [Message] {
      mutex.withLock {
        let taken = messages
        messages = []
        return taken
      }
    }

    fileprivate func close() {
      mutex.withLock {
        descriptor = nil
        messages = []
      }
    }
  }
}
