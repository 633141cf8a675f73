internal import PeriodicCore

/// A loop's part in connections inside this process: its ends, its listeners, and its mailbox.
///
/// Lives as long as one of those does. What ends have to tell their owners waits in a list that the
/// loop goes through once before and once after each poll, so no owner is called from inside
/// another's call.
final class InprocHub {
  let loop: Loop
  private var mailbox: Mailbox<InprocMessage>?
  private var ends: [UInt64: Unmanaged<InprocStream>] = [:]
  private var listeners: [UInt64: (Stream) -> Void] = [:]
  private var lastNumber: UInt64 = 0
  /// Ends with something to tell.
  private var ready: [InprocStream] = []
  private var spare: [InprocStream] = []

  /// The loop's hub, made if there is none.
  static func of(_ loop: Loop) throws(LoopError) -> InprocHub {
    if let hub = loop.hub { return hub.takeUnretainedValue() }
    let hub = try InprocHub(loop)
    loop.hub = .passUnretained(hub)
    return hub
  }

  private init(_ loop: Loop) throws(LoopError) {
    self.loop = loop
    mailbox = try Mailbox(loop) { [unowned self] in receive($0) }
  }

  deinit {
    loop.hub = nil
    mailbox?.close()
  }

  var sender: Mailbox<InprocMessage>.Sender {
    guard let mailbox else { fatalError("a hub has its mailbox from the start") }
    return mailbox.sender
  }

  func nextNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  // MARK: Listeners

  func add(_ listener: UInt64, _ accept: @escaping (Stream) -> Void) {
    listeners[listener] = accept
  }

  func remove(listener: UInt64) { listeners[listener] = nil }

  func acceptor(_ listener: UInt64) -> ((Stream) -> Void)? { listeners[listener] }

  // MARK: Ends

  func add(_ end: InprocStream) { ends[end.number] = .passUnretained(end) }

  /// The end is closed. One that waits to tell something would keep this alive, and this it.
  func remove(_ end: InprocStream) {
    ends[end.number] = nil
    if end.isNoted { ready.removeAll { $0 === end } }
  }

  /// The end has something to tell its owner.
  func note(_ end: InprocStream) { ready.append(end) }

  var hasReady: Bool { !ready.isEmpty }

  /// Lets each end tell its owner what has come, once.
  func dispatch() {
    swap(&ready, &spare)
    for end in spare { end.dispatch() }
    spare.removeAll(keepingCapacity: true)
  }

  private func receive(_ message: InprocMessage) {
    switch message {
    case .connect(let listener, let place): connect(listener, place)
    case .connected(let end, let place):
      guard let end = find(end) else {
        place.sender.push(.closed(place.end))
        return
      }
      end.connected(to: place)
    case .refused(let end): find(end)?.refused()
    case .bytes(let end, let bytes): bytes.withUnsafeBytes { find(end)?.take($0) }
    case .consumed(let end, let count): find(end)?.otherConsumed(count)
    case .question(let end, let question): find(end)?.wasAsked(question)
    case .answer(let end, let isTaken): find(end)?.answered(isTaken)
    case .ended(let end): find(end)?.otherEnded()
    case .closed(let end): find(end)?.otherClosed()
    }
  }

  private func find(_ end: UInt64) -> InprocStream? { ends[end]?.takeUnretainedValue() }

  /// Somebody on another loop wants a connection.
  private func connect(_ listener: UInt64, _ place: InprocPlace) {
    guard let accept = listeners[listener] else {
      place.sender.push(.refused(place.end))
      return
    }
    let end = InprocStream(self, acceptedFrom: .away(place))
    place.sender.push(.connected(place.end, to: InprocPlace(sender: sender, end: end.number)))
    accept(end)
  }
}

/// A name that is listened at.
final class InprocListener {
  private let hub: InprocHub
  private let name: String
  private let number: UInt64
  private var isClosed = false

  init(
    _ loop: Loop, _ name: String, accept: @escaping (Stream) -> Void
  ) throws(LoopError) {
    hub = try InprocHub.of(loop)
    self.name = name
    number = hub.nextNumber()
    let entry = InprocNames.Entry(sender: hub.sender, listener: number)
    guard InprocNames.claim(name, entry) else {
      isClosed = true
      throw .inUse("listen on \(Address.inproc(name: name))")
    }
    hub.add(number, accept)
  }

  deinit { close() }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    hub.remove(listener: number)
    if !hub.loop.isInherited { InprocNames.free(name) }
  }
}
