internal import CUV
internal import PeriodicCore

/// Brings messages of other threads into a loop, in the order they were sent.
///
/// The mailbox itself is the loop's; `sender` is the one thing that other threads hold. The loop is
/// woken once for all messages that collect until it looks.
public final class Mailbox<Message: Sendable> {
  public let sender: Sender
  private let async: Handle<uv_async_t>
  private let receive: (Message) -> Void

  /// `receive` is called on the loop, once for each message.
  public init(_ loop: Loop, receive: @escaping (Message) -> Void) throws(LoopError) {
    async = try Handle(loop, "make a mailbox") { uv, raw in
      uv_async_init(uv, raw) { async in handleOwner(async, as: AnyMailbox.self)?.drain() }
    }
    self.receive = receive
    sender = Sender(async.raw)
    let box = AnyMailbox()
    self.box = box
    async.setOwner(box)
    box.drain = { [unowned self] in drain() }
  }

  private let box: AnyMailbox

  deinit { close() }

  /// Takes nothing more; messages not yet received are dropped. Senders may go on sending, in vain.
  public func close() {
    // In a forked child the lock may be held for ever by a thread that is not there.
    if !async.isInherited { sender.close() }
    async.close()
  }

  private func drain() {
    for message in sender.take() {
      if async.isClosed { return }
      receive(message)
    }
  }

  /// The end that any thread may use.
  public final class Sender: @unchecked Sendable {
    private let mutex = ThreadMutex()
    private var messages: [Message] = []
    /// The way to wake the loop; nil once the mailbox is closed. libuv frees it only afterwards.
    private var async: UnsafeMutablePointer<uv_async_t>?

    fileprivate init(_ async: UnsafeMutablePointer<uv_async_t>) { self.async = async }

    /// Sends a message; false when the mailbox is closed and nobody will receive it.
    @discardableResult
    public func push(_ message: Message) -> Bool {
      mutex.withLock {
        guard let async else { return false }
        messages.append(message)
        if messages.count == 1 { uv_async_send(async) }
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
        async = nil
        messages = []
      }
    }
  }
}

/// What libuv's callback can name without knowing the kind of message.
private final class AnyMailbox {
  var drain: () -> Void = {}
}
