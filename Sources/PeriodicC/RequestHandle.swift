import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// A request of a client whose parts and end wait here until the program takes them.
///
/// The client keeps it until it is freed; the runtime, until it has ended.
final class RequestHandle {
  unowned let client: ClientHandle
  var id: RequestID?

  private var parts: [[UInt8]] = []
  /// Parts before this place were taken.
  private var taken = 0
  private var end: End?
  private var lent: LentBytes?
  private var isWaiting = false

  private struct End {
    var code: Int32
    var text = ""
    var result: LentBytes?
  }

  /// What `periodic_request_next` says.
  struct News {
    var code: Int32
    var text = ""
    var data: LentBytes?
  }

  init(_ client: ClientHandle) {
    self.client = client
  }

  /// Whether `take` has more to say than that nothing has come.
  var hasNews: Bool { end != nil || taken < parts.count }

  /// Called by the runtime with each part, and once with the end.
  func hear(_ outcome: Outcome) {
    guard end == nil else { return }
    switch outcome {
    case .part(let bytes): keep(bytes)
    case .data(let bytes): end = End(code: 0, result: LentBytes(bytes))
    case .overflow: overflow()
    default:
      end = End(code: Code.of(outcome), text: sentence(outcome, client.client.lastLossText))
    }
    if isWaiting { client.owner.loop.stop() }
  }

  private func keep(_ part: [UInt8]) {
    guard client.partBytes == 0 || weight(part.count) <= client.dataBytes - client.partBytes else {
      overflow()
      withdraw()
      return
    }
    client.partBytes += weight(part.count)
    parts.append(part)
  }

  /// What a part counts as: its bytes, and what keeping it costs.
  private func weight(_ bytes: Int) -> Int { bytes + 64 }

  private func overflow() {
    let text = "data_bytes: \(client.dataBytes) is the limit"
    end = End(code: Code.of(.overflow), text: text)
  }

  /// Parts in their order, then the end, again and again.
  func take() -> News {
    lent = nil
    if taken < parts.count {
      let part = LentBytes(parts[taken])
      client.partBytes -= weight(part.count)
      parts[taken] = []
      taken += 1
      if taken == parts.count {
        parts.removeAll(keepingCapacity: true)
        taken = 0
      }
      lent = part
      return News(code: Int32(PERIODIC_MORE), data: part)
    }
    guard let end else {
      return News(code: PERIODIC_EAGAIN.rawValue, text: "nothing has come yet")
    }
    return News(code: end.code, text: end.text, data: end.result)
  }

  /// Runs the loop until there is something to take; with no time, one turn.
  func wait(timeout: Int64) {
    let loop = client.owner.loop
    let deadline = loop.now.monotonic.addingSaturated(timeout)
    let timer = LoopTimer(loop) { loop.stop() }
    if timeout != .max { timer.arm(at: deadline) }
    isWaiting = true
    defer { isWaiting = false }
    while !hasNews {
      if loop.now.monotonic >= deadline {
        loop.step()
        return
      }
      loop.run()
    }
  }

  /// Forgets the parts, and asks for nothing more.
  func drop() {
    for part in parts[taken...] { client.partBytes -= weight(part.count) }
    parts = []
    taken = 0
    if end == nil { end = End(code: Code.of(.cancelled)) }
    withdraw()
  }

  private func withdraw() {
    if let id { _ = client.client.cancel(id) }
    id = nil
  }
}

/// Bytes at an address that the program may keep for as long as this lives.
final class LentBytes {
  /// Not NULL for no bytes either: NULL is for errors.
  let start: UnsafeRawPointer
  let count: Int

  init(_ bytes: [UInt8]) {
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, bytes.count), alignment: 1)
    memory.copyBytes(from: bytes)
    start = UnsafeRawPointer(memory.baseAddress.unsafelyUnwrapped)
    count = bytes.count
  }

  deinit { start.deallocate() }
}
