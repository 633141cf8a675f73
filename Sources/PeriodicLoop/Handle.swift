internal import CUV
internal import PeriodicCore

/// Owns the memory of one libuv handle: the only place where handles are closed and freed.
///
/// libuv keeps using a handle after `uv_close` until its close callback has run, so the memory is
/// given back there and not when the wrapper goes. The loop runs outstanding callbacks before it
/// goes itself.
final class Handle<Raw> {
  let raw: UnsafeMutablePointer<Raw>
  /// Keeps the loop alive for as long as one of its handles is open.
  private var loop: Loop?

  /// Makes a handle by one of libuv's `uv_…_init` functions, which registers nothing if it fails.
  init(
    _ loop: Loop, _ doing: @autoclosure () -> String,
    start: (UnsafeMutablePointer<uv_loop_t>, UnsafeMutablePointer<Raw>) -> Int32
  ) throws(LoopError) {
    loop.preconditionOnLoop()
    raw = .allocate(capacity: 1)
    let status = start(loop.uv, raw)
    guard status == 0 else {
      raw.deallocate()
      throw LoopError(status, doing())
    }
    self.loop = loop
    loop.openHandles += 1
  }

  deinit { close() }

  var base: UnsafeMutablePointer<uv_handle_t> {
    UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self)
  }

  var isClosed: Bool { loop == nil }
  var isInherited: Bool { loop?.isInherited == true }

  /// Sets whose callbacks these are. The owner closes the handle before it goes.
  func setOwner(_ owner: AnyObject) {
    base.pointee.data = Unmanaged.passUnretained(owner).toOpaque()
  }

  /// Stops the handle and frees its memory in the close callback. Safe to call twice.
  func close() {
    guard let loop else { return }
    loop.preconditionOnLoop()
    self.loop = nil
    loop.openHandles -= 1
    base.pointee.data = nil
    loop.closeAndFree(base)
  }
}

/// The object that `setOwner` named, or nil once the handle is being closed.
func handleOwner<Owner: AnyObject, Raw>(
  _ raw: UnsafeMutablePointer<Raw>?, as type: Owner.Type
) -> Owner? {
  guard let raw else { return nil }
  let base = UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self)
  guard let data = base.pointee.data else { return nil }
  return Unmanaged<Owner>.fromOpaque(data).takeUnretainedValue()
}
