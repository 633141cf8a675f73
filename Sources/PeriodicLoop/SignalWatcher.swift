internal import CUV
internal import PeriodicCore

/// Tells a program's loop of a signal. For programs only: a library leaves signals to its host.
public final class SignalWatcher {
  private let handle: Handle<uv_signal_t>
  private let receive: () -> Void

  /// Calls `receive` on the loop each time `signal` comes, until closed. One loop of the process
  /// watches a signal.
  public init(_ loop: Loop, signal: Int32, receive: @escaping () -> Void) throws(LoopError) {
    self.receive = receive
    handle = try Handle(loop, "watch signal \(signal)") { uv_signal_init($0, $1) }
    handle.setOwner(self)
    let status = uv_signal_start(
      handle.raw, { raw, _ in handleOwner(raw, as: SignalWatcher.self)?.receive() }, signal)
    loop.watchChanged = true
    if status != 0 {
      handle.close()
      throw LoopError(status, "watch signal \(signal)")
    }
  }

  deinit { close() }

  /// Leaves the signal to what it did before.
  public func close() { handle.close() }
}
