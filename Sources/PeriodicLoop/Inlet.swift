internal import CUV
internal import Glibc
internal import PeriodicCore

/// A loop's end of a mailbox, whatever that carries. The loop keeps it until it is closed.
final class Inlet {
  private let watch: DescriptorWatch
  fileprivate var deliver: (Inlet) -> Void = { _ in }
  fileprivate var letWait: () -> Bool = { true }
  fileprivate var park: (_ milliseconds: Int32) -> Void = { _ in }

  /// - Parameter descriptor: what the loop is woken by; stays open until this is closed.
  init(_ loop: Loop, _ descriptor: Int32) throws(LoopError) {
    watch = try DescriptorWatch(loop, borrowing: descriptor)
    watch.onReady { _, _ in
      var count: UInt64 = 0
      _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
    watch.watch(reads: true)
    loop.inlets.append(self)
  }

  /// - Parameter letWait: whether the loop may wait: nothing has come, and what comes from now on
  ///   wakes it.
  /// - Parameter park: waits until something has come, or for so long if that is not negative; may
  ///   return before.
  /// - Parameter deliver: hands over what has come.
  func open(
    letWait: @escaping () -> Bool, park: @escaping (_ milliseconds: Int32) -> Void,
    deliver: @escaping (Inlet) -> Void
  ) {
    self.letWait = letWait
    self.park = park
    self.deliver = deliver
  }

  var loop: Loop { watch.loop }
  var isClosed: Bool { watch.isClosed }

  func close() {
    loop.inlets.removeAll { $0 === self }
    watch.close()
  }
}

extension Loop {
  /// Hands over what other threads have sent.
  func deliverMail() {
    for inlet in inlets where !inlet.isClosed { inlet.deliver(inlet) }
  }

  /// Runs turns until `endWait`, for a call that goes on until it has what it waits for.
  ///
  /// Such a call need not ask the system for all that it may report while only another thread of
  /// this process can bring anything, which is what makes a question to one cheap.
  public func wait() {
    enter(.wait)
    endOfWaitIsRequested = false
    while !isToEnd {
      if canPark { turnOfMail() } else { turn() }
    }
    leave()
  }

  /// Makes `wait` return at the end of this turn. Without one that waits it does nothing.
  public func endWait() {
    preconditionOnLoop()
    endOfWaitIsRequested = true
  }

  /// Whether nothing can happen but a message or a timer. Every so many turns it is looked at what
  /// the system has to say all the same.
  private var canPark: Bool {
    inlets.count == 1 && openHandles == 1 && uv.pointee.active_reqs.count == 0
      && callsWithoutTurn < 32 && virtualTime == nil && hostClock == nil && !hasMoreWork
  }

  private func turnOfMail() {
    callsWithoutTurn += 1
    refreshNow()
    let left = earliestTimer - cachedNow.monotonic
    if left <= 0 { return turn() }
    inlets[0].park(earliestTimer == .max ? -1 : Int32(clamping: left))
    afterPoll()
  }

  /// Whether nothing has come, so that the loop, or its host, may wait.
  func letWait() -> Bool {
    var mayWait = true
    for inlet in inlets where !inlet.letWait() { mayWait = false }
    return mayWait
  }
}
