import CPeriodic
import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime

/// A request of a client, worker or server whose parts and end wait here until they are taken: by
/// the program, or by the blocking call that made it.
///
/// What was asked keeps it until it is freed, if the program has it; the runtime, until it ends.
final class RequestHandle: Handle, OnLoop {
  let asked: AskedHandle
  /// Its place among the requests of that.
  var order = 0
  /// What withdraws it; nothing once it has ended.
  var id: RequestID?
  var many: SubmitMany?
  /// Sees the end before anybody else, and may make another of it.
  var atEnd: ((Outcome) -> End?)?
  /// What a setting is, and the codes of many submits, once they have come.
  private(set) var setting: UInt32?
  var codes: LentBytes?

  private var parts: [[UInt8]] = []
  /// Parts before this place were taken.
  private var taken = 0
  private var end: End?
  private var lent: LentBytes?
  private var isWaiting = false
  private var callback: RequestCallback?

  struct End {
    var code: Int32
    var text = ""
    var result: LentBytes?
  }

  init(_ asked: AskedHandle) { self.asked = asked }

  var owner: LoopHandle { asked.owner }

  /// Where the runtime tells what becomes of it.
  var delivery: Delivery { .call { self.hear($0) } }

  /// Whether `take` has more to say than that nothing has come.
  var hasNews: Bool { end != nil || taken < parts.count }
  var hasEnded: Bool { end != nil }

  /// Called by the runtime with each part, and once with the end.
  func hear(_ outcome: Outcome) {
    guard end == nil else { return }
    switch outcome {
    case .part(let bytes): keep(bytes)
    case .data(let bytes): finish(End(code: 0, result: LentBytes(bytes)))
    case .setting(let value):
      setting = value
      finish(End(code: 0))
    case .overflow: overflow()
    default: finish(atEnd?(outcome) ?? end(of: outcome))
    }
  }

  /// With what the connection said last for a sentence.
  func end(of outcome: Outcome) -> End {
    let code = Code.of(outcome)
    if code == 0 { return End(code: 0) }
    let isAboutConnection = outcome == .disconnected || outcome == .timedOut
    let loss = isAboutConnection ? asked.lossText : nil
    return End(code: code, text: loss ?? String(cString: periodic_strerror(code)))
  }

  private func keep(_ part: [UInt8]) {
    if isFreed { return }
    guard asked.partBytes == 0 || weight(part.count) <= asked.dataBytes - asked.partBytes else {
      withdraw()
      overflow()
      return
    }
    asked.partBytes += weight(part.count)
    parts.append(part)
    callback?.tell(pointer, Int32(PERIODIC_MORE))
    if isWaiting { owner.loop.endWait() }
  }

  /// What a part counts as: its bytes, and what keeping it costs.
  private func weight(_ bytes: Int) -> Int { bytes + 64 }

  private func overflow() {
    let text = "data_bytes: \(asked.dataBytes) is the limit"
    finish(End(code: PERIODIC_ELIMIT.rawValue, text: text))
  }

  /// It is over. Whoever waits for that, or wants to hear of it, does now.
  func finish(_ end: End) {
    guard self.end == nil else { return }
    self.end = end
    id = nil
    many = nil
    atEnd = nil
    tellEnd()
    if isWaiting { owner.loop.endWait() }
  }

  private func tellEnd() {
    guard let end, let callback else { return }
    self.callback = nil
    callback.tell(isFreed ? nil : pointer, end.code)
  }

  /// Parts in their order, then the end, again and again.
  func take() -> End {
    lent = nil
    if taken < parts.count {
      let part = LentBytes(parts[taken])
      asked.partBytes -= weight(part.count)
      parts[taken] = []
      taken += 1
      if taken == parts.count {
        parts.removeAll(keepingCapacity: true)
        taken = 0
      }
      lent = part
      return End(code: Int32(PERIODIC_MORE), result: part)
    }
    return end ?? End(code: PERIODIC_EAGAIN.rawValue, text: "nothing has come yet")
  }

  /// Throws what the program is to be told in the place of an answer that is not there.
  func checkHasAnswer() throws {
    guard let end else { throw PeriodicFailure(PERIODIC_EAGAIN, "nothing has come yet") }
    if end.code != 0 { throw PeriodicFailure(periodic_errno(end.code), end.text) }
  }

  /// Runs the loop until there is something to take; with no time, one turn.
  func wait(timeout: Int64) {
    let loop = owner.loop
    let deadline = loop.now.monotonic.addingSaturated(timeout)
    let timer = LoopTimer(loop) { loop.endWait() }
    if timeout != .max { timer.arm(at: deadline) }
    isWaiting = true
    defer { isWaiting = false }
    while !hasNews {
      if loop.now.monotonic >= deadline {
        loop.step()
        return
      }
      loop.wait()
    }
  }

  // MARK: The program's callback

  /// Sets who hears of what comes, in place of whoever did. What has come already is told in the
  /// next turn, never within this call.
  func setCallback(_ callback: RequestCallback?) {
    self.callback = callback
    guard callback != nil, hasNews else { return }
    owner.loop.soon { [weak self, weak callback] in
      guard let self, let callback, callback === self.callback else { return }
      if taken < parts.count { callback.tell(pointer, Int32(PERIODIC_MORE)) }
      if callback === self.callback { tellEnd() }
    }
  }

  // MARK: Its end by the program

  /// The program has freed it, or what was asked: the pointer is dead, and the parts are gone.
  func forget() {
    retire()
    for part in parts[taken...] { asked.partBytes -= weight(part.count) }
    parts = []
    taken = 0
  }

  /// What is left to do once it was forgotten.
  func close() {
    withdraw()
    if end == nil { hear(.cancelled) }
    tellEnd()
  }

  private func withdraw() {
    if let id { asked.cancel(id) }
    id = nil
    many?.withdraw()
  }
}

/// Who hears of what comes of a request. Its destructor runs when nobody has it any more.
final class RequestCallback {
  private let call: periodic_request_cb
  private let user: UnsafeMutableRawPointer?
  private let destroy: periodic_destroy_cb?

  init(
    _ call: periodic_request_cb, _ user: UnsafeMutableRawPointer?, _ destroy: periodic_destroy_cb?
  ) {
    self.call = call
    self.user = user
    self.destroy = destroy
  }

  deinit { destroy?(user) }

  func tell(_ request: OpaquePointer?, _ code: Int32) { call(user, request, code) }
}

/// Bytes at an address that the program may keep for as long as this lives.
final class LentBytes {
  /// Not NULL for no bytes either: NULL is for errors.
  let start: UnsafeRawPointer
  let count: Int

  convenience init(_ bytes: [UInt8]) {
    self.init(bytes.withUnsafeBytes { copied($0) }, bytes.count)
  }

  convenience init(_ numbers: [Int32]) {
    self.init(numbers.withUnsafeBytes { copied($0) }, numbers.count * MemoryLayout<Int32>.stride)
  }

  private init(_ start: UnsafeRawPointer, _ count: Int) {
    self.start = start
    self.count = count
  }

  deinit { LentMemory.release(UnsafeMutableRawPointer(mutating: start)) }
}

private func copied(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer {
  let memory = LentMemory.allocate(max(1, bytes.count))
  if let start = bytes.baseAddress { memory.copyMemory(from: start, byteCount: bytes.count) }
  return UnsafeRawPointer(memory)
}
