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
/// No wake-up is lost, because two things happen under one lock. The loop waits only after it has
/// found no message and noted how the next one has to wake it; whoever adds a message takes the
/// note away, and then does so. So while there are messages, either the loop looks before it waits,
/// or somebody is about to wake it. There are two ways to wait: by the descriptor, as part of all
/// that the system may report, and, which costs less, for nothing but a message.
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
      letWait: { sender.letWait() }, park: { sender.park(atMost: $0) },
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
    /// How the loop waits, or may do without looking again.
    private let wait: UnsafeMutablePointer<UInt32>
    private var isClosed = false

    private static var isAwake: UInt32 { 0 }
    private static var byDescriptor: UInt32 { 1 }
    private static var parked: UInt32 { 2 }

    fileprivate init(_ descriptor: Int32) {
      self.descriptor = descriptor
      wait = .allocate(capacity: 1)
      wait.initialize(to: Sender.byDescriptor)
    }

    deinit {
      Glibc.close(descriptor)
      wait.deallocate()
    }

    /// Sends a message; false when the mailbox is closed and nobody will receive it.
    @discardableResult
    public func push(_ message: Message) -> Bool {
      var receiver = Sender.isAwake
      let isTaken = mutex.withLock {
        if isClosed { return false }
        messages.append(message)
        swap(&receiver, &wait.pointee)
        return true
      }
      // Not under the lock, which the receiver asks for as soon as it wakes.
      if receiver == Sender.byDescriptor {
        var one: UInt64 = 1
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
      } else if receiver == Sender.parked {
        cuv_wake(wait)
      }
      return isTaken
    }

    /// Takes all that has come; the loop is awake. False if that is nothing.
    fileprivate func take(_ taken: inout [Message]) -> Bool {
      mutex.withLock {
        wait.pointee = Sender.isAwake
        if messages.isEmpty { return false }
        swap(&messages, &taken)
        return true
      }
    }

    fileprivate func letWait() -> Bool { note(Sender.byDescriptor) }

    /// Waits until something has come, or for so long; may return before.
    fileprivate func park(atMost milliseconds: Int32) {
      // The system looks at the note once more before it lets the thread sleep.
      if note(Sender.parked) { cuv_wait(wait, Sender.parked, milliseconds) }
    }

    /// Notes how the next message has to wake, if there is none.
    private func note(_ way: UInt32) -> Bool {
      mutex.withLock {
        wait.pointee = messages.isEmpty ? way : Sender.isAwake
        return messages.isEmpty
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
