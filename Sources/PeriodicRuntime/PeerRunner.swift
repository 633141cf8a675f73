import PeriodicClient
import PeriodicCore
import PeriodicLoop

/// Joins a client's or worker's core to a loop: its stream, its timer, and its handlers.
///
/// All that a turn brought is handed to the core first; at the end of the turn handlers hear of it,
/// and what the core and the handlers want sent leaves in one write.
///
/// The loop keeps it until `close`, which must come before the loop goes.
final class PeerRunner<Core: PeerCore & ~Copyable>: TurnParticipant, StreamOwner {
  let loop: Loop
  var core: Core
  /// Called at the end of each turn in which something happened, after the handlers.
  var afterTurn: (() -> Void)?
  /// The present connection's server takes no questions (`Stream.ask`).
  var refusesQuestions = false
  /// What the transport last said, in words.
  private(set) var lastError: LoopError?
  var needsTurn = true
  /// The server's end, if that is on this loop.
  private(set) var server: ServerConnection?

  private let address: Address
  private(set) var stream: Stream?
  private var timer: LoopTimer?
  private var handlers = HandlerTable()
  private var isClosed = false

  /// Handlers called in one turn; more of them wait for the next, after other input.
  private static var deliveriesInTurn: Int { 4096 }

  init(_ loop: Loop, to address: Address, _ core: consuming Core) {
    self.loop = loop
    self.address = address
    self.core = core
    timer = LoopTimer(loop) { [unowned self] in
      self.core.tick(at: self.loop.now)
      needsTurn = true
    }
    loop.add(self)
    loop.hasLargeBuffers = true
    self.core.open(at: loop.now)
  }

  // MARK: Requests

  /// Has the core make a request whose completion goes where `delivery` says.
  func request(
    _ delivery: Delivery,
    _ make: (inout Core, RequestTag, Now) throws(RequestError) -> RequestID
  ) throws(RequestError) -> RequestID {
    loop.preconditionOnLoop()
    needsTurn = true
    switch delivery {
    case .none: return try make(&core, .ignored, loop.now)
    case .pull(let tag): return try make(&core, RequestTag(user: tag), loop.now)
    case .call(let handler):
      let route = handlers.insert(handler)
      do throws(RequestError) {
        return try make(&core, RequestTag(route: route), loop.now)
      } catch {
        _ = handlers.remove(route)
        throw error
      }
    }
  }

  /// Makes a request and runs the loop until it has ended.
  ///
  /// - Parameter onPart: hears of each part that comes before the end.
  func wait(
    onPart: @escaping ([UInt8]) -> Void = { _ in },
    _ make: (inout Core, RequestTag, Now) throws(RequestError) -> RequestID
  ) throws(RequestError) -> Outcome {
    if loop.isRunning { throw .deadlock }
    var result: Outcome?
    _ = try request(
      .call { [loop] outcome in
        if case .part(let bytes) = outcome { return onPart(bytes) }
        result = outcome
        loop.endWait()
      }, make)
    while true {
      if let result { return result }
      loop.wait()
    }
  }

  /// Has the core do something that has no completion.
  func change(_ body: (inout Core, Now) -> Void) {
    loop.preconditionOnLoop()
    body(&core, loop.now)
    if !core.output.isEmpty || core.routedCount > 0 { needsTurn = true }
  }

  func cancel(_ id: RequestID) -> Bool {
    loop.preconditionOnLoop()
    needsTurn = true
    return core.cancel(id)
  }

  /// Ends everything now. Handlers of open requests are called before this returns.
  ///
  /// What was asked and not yet sent is sent as far as the socket takes it: a worker that reports
  /// and closes has reported.
  func close() {
    loop.preconditionOnLoop()
    guard !isClosed else { return }
    isClosed = true
    flush()
    server = nil
    core.close()
    carryOut()
    timer = nil
    loop.remove(self)
    deliver(atMost: .max)
    needsTurn = false
    afterTurn?()
    afterTurn = nil
  }

  // MARK: Turns

  func endOfTurn(at now: Now) {
    needsTurn = false
    deliver(atMost: PeerRunner.deliveriesInTurn)
    if isClosed { return }
    afterTurn?()
    if isClosed { return }
    core.endTurn(isServerDirect: server?.answersDirectly ?? false, at: now)
    carryOut()
    if let deadline = core.nextDeadline { timer?.arm(at: deadline) } else { timer?.disarm() }
  }

  private func deliver(atMost most: Int) {
    var left = most
    while left > 0, isClosed || !loop.budget.isSpent, let completion = core.takeRoutedCompletion() {
      left -= 1
      if !isClosed { loop.budget.draw() }
      let route = completion.tag.route
      let isFinal = completion.outcome.isFinal
      let handler = isFinal ? handlers.remove(route) : handlers.handler(route)
      handler?(completion.outcome)
    }
    if core.routedCount > 0 { needsTurn = true }
  }

  private func carryOut() {
    while let action = core.takeAction() {
      switch action {
      case .connect: stream = Stream.connect(loop, to: address, owner: self)
      case .disconnect:
        stream?.close()
        stream = nil
        server = nil
      }
    }
    flush()
  }

  func flush() {
    guard let stream, stream.isOpen, !core.output.isEmpty else { return }
    core.wrote(stream.write(core.output))
  }

  // MARK: The stream

  func streamConnected(_ stream: Stream) {
    core.isServerHere = stream.isOnThisLoop
    refusesQuestions = false
    server = stream.otherOwner as? ServerConnection
    core.connected(at: loop.now)
    stream.startReading()
    needsTurn = true
  }

  func stream(_ stream: Stream, received bytes: Bytes) {
    core.received(bytes, at: loop.now)
    needsTurn = true
  }

  func streamEnded(_ stream: Stream) {
    stream.close()
    self.stream = nil
    server = nil
    lastError = nil
    core.disconnected(.endOfStream, at: loop.now)
    needsTurn = true
  }

  func streamCanWrite(_ stream: Stream) { flush() }

  func stream(_ stream: Stream, failed error: LoopError) {
    self.stream = nil
    server = nil
    lastError = error
    let reason: LossReason =
      core.state == .connecting
      ? .connectFailed(code: error.code) : .transportFailed(code: error.code)
    core.disconnected(reason, at: loop.now)
    needsTurn = true
  }

  /// Why the last connection or attempt ended, in words.
  var lossText: String? {
    switch core.lastLoss {
    case .connectFailed, .transportFailed: lastError?.message ?? core.lastLoss?.text
    case .some(let reason): reason.text
    case nil: nil
    }
  }
}
