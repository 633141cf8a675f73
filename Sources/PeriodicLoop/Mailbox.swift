internal import CUV
internal import Glibc
internal import PeriodicCore

/// Brings messages of other threads into a loop, in the order they were sent.
///
/// The mailbox itself is the loop's; `sender` is the one thing that other threads hold. A loop that
/// works looks for messages each turn by itself; only one that waits has to be woken, once for all
/// messages that collect until it looks. That is done by a descriptor of its own, because libuv's
/// wake-ups make the receiver wait until the sender has left its system call.
///
/// No wake-up is lost, because two things happen under one lock. The loop waits only after
/// `letWait` has found no message and noted that the next one has to wake; whoever adds a message
/// takes the note away, and then writes to the descriptor. So while there are messages, either the
/// loop looks before it waits, or the descriptor is readable or about to be.
public final class Mailbox<Message: Sendable> {
  public let sender: Sender
  private let inlet: Inlet

  /// `receive` is called on the loop, once for each message.
  public init(_ loop: Loop, receive: @escaping (Message) -> Void) throws(LoopError) {
    let descriptor = cuv_wakeup()
    if descriptor < 0 { throw .last("make a mailbox") }
    let sender = Sender(descriptor)
    self.sender = sender
    inlet = try Inlet(loop, descriptor)
    // What is being received. This array and the sender's change places.
    var taken: [Message] = []
    inlet.open(
      letWait: { sender.letWait() },
      deliver: { inlet in
        if !sender.take(&taken) { return }
        var index = 0
        while index < taken.count, !inlet.isClosed {
          receive(taken[index])
          index += 1
        }
        if taken.capacity > 1024 { taken = [] } else { taken.removeAll(keepingCapacity: true) }
      })
  }

  deinit { close() }

  /// Takes nothing more; messages not yet received are dropped. Senders may go on sending, in vain.
  public func close() {
    guard !inlet.isClosed else { return }
    // In a forked child the lock may be held for ever by a thread that is not there.
    if !inlet.loop.isInherited { sender.close() }
    inlet.close()
  }

  /// The end that any thread may use.
  public final class Sender: @unchecked Sendable {
    private let mutex = ThreadMutex()
    /// What wakes the loop; open until the last of those goes who may write to it.
    private let descriptor: Int32
    private var messages: [Message] = []
    /// The loop waits, or may do so without looking again.
    private var mustWake = true
    private var isClosed = false

    fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { Glibc.close(descriptor) }

    /// Sends a message; false when the mailbox is closed and nobody will receive it.
    @discardableResult
    public func push(_ message: Message) -> Bool {
      var wakes = false
      let isTaken = mutex.withLock {
        if isClosed { return false }
        messages.append(message)
        swap(&wakes, &mustWake)
        return true
      }
      // Not under the lock, which the receiver asks for as soon as it wakes.
      if wakes {
        var one: UInt64 = 1
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
      }
      return isTaken
    }

    /// Takes all that has come; the loop is awake. False if that is nothing.
    fileprivate func take(_ taken: inout [Message]) -> Bool {
      mutex.withLock {
        mustWake = false
        if messages.isEmpty { return false }
        swap(&messages, &taken)
        return true
      }
    }

    fileprivate func letWait() -> Bool {
      mutex.withLock {
        mustWake = messages.isEmpty
        return mustWake
      }
    }

    fileprivate func close() {
      mutex.withLock {
        isClosed = true
        messages = []
      }
    }
  }
}
