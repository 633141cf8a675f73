internal import Glibc
internal import PeriodicCore

/// A loop's end of a mailbox, whatever that carries. The loop keeps it until it is closed.
final class Inlet {
  private let watch: DescriptorWatch
  fileprivate var deliver: (Inlet) -> Void = { _ in }
  fileprivate var letWait: () -> Bool = { true }

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
  /// - Parameter deliver: hands over what has come.
  func open(letWait: @escaping () -> Bool, deliver: @escaping (Inlet) -> Void) {
    self.letWait = letWait
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

  /// Whether nothing has come, so that the loop, or its host, may wait.
  func letWait() -> Bool {
    var mayWait = true
    for inlet in inlets where !inlet.letWait() { mayWait = false }
    return mayWait
  }
}
