import PeriodicCore
import PeriodicWire

/// Requests from asking to their one completion.
extension Connection {
  /// Room for everything in a frame's body that is not a name or bytes of the caller's.
  private static var overhead: Int { 64 }

  /// Whether a request with so many bytes of the caller's is a frame that servers accept.
  @inline(__always)
  func fits(bytes: Int) -> Bool { bytes + Connection.overhead <= options.frameBytes }

  @inline(__always)
  func checkSize(bytes: Int) throws(RequestError) {
    if !fits(bytes: bytes) {
      throw .tooLarge(bytes: bytes + Connection.overhead, limit: options.frameBytes)
    }
  }

  /// Whether one more request may be taken.
  ///
  /// - Parameter bytes: names and workload of it.
  @inline(__always)
  func admit(bytes: Int) throws(RequestError) {
    if state == .closed { throw .closed }
    try checkSize(bytes: bytes)
    if table.owed + completions.count + routed.count - parts >= options.requests {
      throw .full(.requests, value: options.requests)
    }
    if output.count + unsent.count >= options.outputBytes {
      throw .full(.outputBytes, value: options.outputBytes)
    }
  }

  /// Takes a request that `admit` let through: sends it, or keeps it for the next connection.
  mutating func request(
    _ command: Command, _ kind: RequestKind, tag: RequestTag, timeout: Int64?, at now: Now
  ) -> RequestID {
    var request = Request(tag: tag, kind: kind)
    request.deadline = deadline(timeout, at: now)
    if isReady {
      request.isSent = true
      let id = table.insert(request)
      Generation2.encode(command, message: UInt32(truncatingIfNeeded: id), into: &output)
      lastSent = now.monotonic
      return RequestID(id)
    }
    let id = table.insert(request)
    let before = unsent.count
    Generation2.encode(command, message: UInt32(truncatingIfNeeded: id), into: &unsent)
    if let place = table.find(id: id) {
      place.pointee.frameBytes = UInt32(unsent.count - before)
    }
    return RequestID(id)
  }

  /// Sends a request of the machine's own.
  mutating func send(_ command: Command, _ kind: RequestKind, detail: UInt32 = 0, at now: Now) {
    let id = table.insert(Request(detail: detail, kind: kind, isSent: true))
    send(command, under: UInt32(truncatingIfNeeded: id), at: now)
  }

  /// Sends a frame under an id that is in the table already, or that is the server's.
  mutating func send(_ command: Command, under message: UInt32, at now: Now) {
    Generation2.encode(command, message: message, into: &output)
    lastSent = now.monotonic
  }

  func deadline(_ timeout: Int64?, at now: Now) -> Int64 {
    now.monotonic.addingSaturated(max(0, timeout ?? options.requestTimeout))
  }

  /// Sends what waited, leaving out what has ended meanwhile.
  mutating func sendUnsent(at now: Now) {
    if unsent.isEmpty { return }
    var frames = ByteReader(unsent.bytes)
    while let (message, frame) = Connection.nextFrame(&frames) {
      guard let place = table.find(message: message), !place.pointee.isSent else { continue }
      place.pointee.isSent = true
      output.append(frame)
    }
    unsent.reset(keeping: 1 << 16)
    deadBytes = 0
    lastSent = now.monotonic
  }

  /// A reply has come; `nil` if nobody waits for it. A completion is made where one is owed.
  mutating func finish(_ message: MessageID, as outcome: Outcome) {
    guard let place = table.find(message: UInt32(truncatingIfNeeded: message.number)) else {
      return
    }
    finish(place, as: outcome)
  }

  /// Ends a request that is in the table.
  mutating func finish(_ place: UnsafeMutablePointer<Request>, as outcome: Outcome) {
    let request = place.pointee
    let isGivenUp = outcome == .timedOut || outcome == .cancelled
    if isGivenUp, isReady, request.isSent, let kind = request.kind.afterAbandoning {
      table.abandon(place, as: kind)
    } else {
      table.remove(place)
    }
    if request.frameBytes > 0, !request.isSent { bury(Int(request.frameBytes)) }
    guard request.kind.owesCompletion else { return }
    deliver(Completion(id: RequestID(request.id), tag: request.tag, outcome: outcome))
  }

  /// A piece of data for a request that goes on.
  mutating func deliver(part bytes: Bytes, _ place: UnsafeMutablePointer<Request>) {
    let weight = Connection.weight(bytes.count)
    if partBytes > 0, partBytes + weight > options.dataBytes {
      return finish(place, as: .overflow)
    }
    let request = place.pointee
    if request.tag.route != RequestTag.ignored.route {
      parts += 1
      partBytes += weight
    }
    deliver(
      Completion(id: RequestID(request.id), tag: request.tag, outcome: .part(Array(bytes))))
  }

  /// The oldest completion of those to be pulled.
  mutating func takeCompletion() -> Completion? { counted(completions.popFirst()) }

  /// The oldest completion of those with a route.
  mutating func takeRoutedCompletion() -> Completion? { counted(routed.popFirst()) }

  private mutating func counted(_ completion: Completion?) -> Completion? {
    if case .part(let bytes) = completion?.outcome {
      parts -= 1
      partBytes -= Connection.weight(bytes.count)
    }
    return completion
  }

  /// What a part counts as: its bytes, and what keeping it costs.
  private static func weight(_ bytes: Int) -> Int { bytes + 64 }

  private mutating func deliver(_ completion: Completion) {
    switch completion.tag.route {
    case 0: completions.append(completion)
    case RequestTag.ignored.route: break
    default: routed.append(completion)
    }
  }

  /// Ends something that needed no request.
  mutating func complete(_ tag: RequestTag, as outcome: Outcome) -> RequestID {
    let id = RequestID(table.freshID())
    deliver(Completion(id: id, tag: tag, outcome: outcome))
    return id
  }

  mutating func cancel(_ id: RequestID) -> Bool {
    guard let place = table.find(id: id.number), place.pointee.kind.owesCompletion else {
      return false
    }
    finish(place, as: .cancelled)
    return true
  }

  mutating func expireRequests(at now: Now) {
    for id in table.takeExpired(at: now.monotonic) {
      if let place = table.find(id: id) { finish(place, as: .timedOut) }
    }
  }

  /// The connection that carried them is gone.
  mutating func endSentRequests() {
    for id in table.ids(where: { $0.isSent }) {
      guard let place = table.find(id: id) else { continue }
      switch place.pointee.kind.afterLoss {
      case .fails: finish(place, as: .disconnected)
      case .succeeds: finish(place, as: .success)
      case .vanishes: table.remove(place)
      case .waits: place.pointee.isSent = false
      }
    }
  }

  mutating func endAllRequests(as outcome: Outcome) {
    for id in table.ids(where: { _ in true }) {
      if let place = table.find(id: id) { finish(place, as: outcome) }
    }
    unsent.reset()
    deadBytes = 0
  }

  /// Counts a frame that will not be sent, and makes room when such frames are most of what waits.
  private mutating func bury(_ bytes: Int) {
    deadBytes += bytes
    guard deadBytes * 2 > unsent.count, deadBytes > 1 << 16 || deadBytes == unsent.count else {
      return
    }
    var kept = ByteBuffer()
    var frames = ByteReader(unsent.bytes)
    while let (message, frame) = Connection.nextFrame(&frames) {
      if table.find(message: message) != nil { kept.append(frame) }
    }
    unsent = kept
    deadBytes = 0
  }

  /// The next of our own frames and the message id in it.
  private static func nextFrame(_ reader: inout ByteReader) -> (UInt32, Bytes)? {
    var header = reader
    guard header.uint32() != nil, let length = header.uint32(), header.uint32() != nil,
      let message = header.uint32(),
      let frame = reader.bytes(Generation2.headerLength + Int(length))
    else { return nil }
    return (message, frame)
  }
}
