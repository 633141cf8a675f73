internal import CUV
internal import PeriodicCore

/// One end of a connection inside this process: no socket, no descriptor, no system call.
///
/// What is written lies at the other end until that hands it to its owner, which it does in a turn
/// of its loop. If that is another thread's, the bytes go there through its mailbox. As much as
/// `window` may be on its way, as with a socket's buffer.
final class InprocStream: Stream {
  /// Bytes written that the other end's owner has not had.
  static let window = 256 << 10

  private let hub: InprocHub
  /// What the other loop calls it.
  let number: UInt64
  private let address: String
  private var other = Other.nobody
  /// What has come. Of the two buffers one is lent to the owner while the other takes what comes.
  private var inbox = ByteBuffer()
  private var lent = ByteBuffer()
  /// Bytes that may be written now.
  private var room = InprocStream.window
  private var wantsRoom = false
  /// Bytes handed to the owner that the other end has not heard of.
  private var consumed = 0
  private var hasEnded = false
  private var otherHasEnded = false
  private var otherIsClosed = false
  /// What the owner has been told.
  private var hasToldEnd = false
  private var hasToldHangUp = false
  private var failure: LoopError?
  private(set) var isNoted = false
  /// Who waits for answers to questions, in the order of these.
  private var askers: [(Bool?) -> Void] = []

  enum Other {
    case nobody
    case here(Unmanaged<InprocStream>)
    case away(InprocPlace)
  }

  /// A connection to be made to whoever listens at `name`.
  init(_ hub: InprocHub, connectingTo name: String, owner: any StreamOwner) {
    self.hub = hub
    number = hub.nextNumber()
    address = name
    super.init(hub.loop, to: .inproc(name: name), owner: owner)
    hub.add(self)
    loop.soon { [weak self] in self?.begin() }
  }

  /// A connection that stands.
  init(_ hub: InprocHub, acceptedFrom other: Other) {
    self.hub = hub
    number = hub.nextNumber()
    address = ""
    self.other = other
    super.init(accepted: hub.loop, name: "a connection inside this process")
    hub.add(self)
  }

  deinit { close() }

  override var isPeerOwner: Bool { true }

  override var isOnThisLoop: Bool {
    if case .here = other { true } else { false }
  }

  override var otherOwner: (any StreamOwner)? {
    if case .here(let end) = other { end.takeUnretainedValue().owner } else { nil }
  }

  override func deliverNow() -> Bool {
    guard phase == .open, case .here(let end) = other else { return false }
    return end.takeUnretainedValue().deliverAll()
  }

  override func takeNow() {
    if case .here = other { _ = deliverAll() }
  }

  override func ask(
    _ question: any StreamQuestion, _ answered: @escaping (Bool?) -> Void
  ) -> Bool {
    guard phase == .open, !hasEnded, failure == nil, case .away(let place) = other else {
      return false
    }
    askers.append(answered)
    tell(place, .question(place.end, question))
    return true
  }

  // MARK: Connecting

  private func begin() {
    guard phase == .connecting else { return }
    guard let entry = InprocNames.find(address) else { return refused() }
    guard entry.sender === hub.sender else {
      let place = InprocPlace(sender: hub.sender, end: number)
      if !entry.sender.push(.connect(listener: entry.listener, from: place)) { refused() }
      return
    }
    guard let accept = hub.acceptor(entry.listener) else { return refused() }
    let end = InprocStream(hub, acceptedFrom: .here(.passUnretained(self)))
    other = .here(.passUnretained(end))
    accept(end)
    isNowOpen()
  }

  func connected(to place: InprocPlace) {
    other = .away(place)
    isNowOpen()
  }

  private func isNowOpen() {
    phase = .open
    note()
    owner?.streamConnected(self)
  }

  func refused() {
    fail(LoopError(UV_ECONNREFUSED.rawValue, "connect to inproc:\(address)"))
  }

  // MARK: What the owner does

  override func startReading() {
    wantsReads = true
    note()
  }

  override func pauseReading() { wantsReads = false }

  override func write(_ bytes: Bytes) -> Int {
    loop.preconditionOnLoop()
    guard phase == .open, !hasEnded, failure == nil, !bytes.isEmpty else { return 0 }
    if otherIsClosed {
      // As with a socket's buffer, until the owner knows better.
      if !hasToldEnd { return bytes.count }
      failure = LoopError(UV_EPIPE.rawValue, "write to \(name)")
      note()
      return 0
    }
    let count = min(bytes.count, room)
    wantsRoom = count < bytes.count
    if count == 0 { return 0 }
    room -= count
    let part = Bytes(rebasing: bytes[..<count])
    switch other {
    case .nobody: fatalError("an open end has another")
    case .here(let end): end.takeUnretainedValue().take(part)
    case .away(let place): tell(place, .bytes(place.end, Array(part)))
    }
    return count
  }

  override func endWriting() {
    loop.preconditionOnLoop()
    guard phase == .open, !hasEnded else { return }
    hasEnded = true
    wantsRoom = false
    switch other {
    case .nobody: break
    case .here(let end): end.takeUnretainedValue().otherEnded()
    case .away(let place): tell(place, .ended(place.end))
    }
  }

  override func close() {
    guard phase != .closed else { return }
    loop.preconditionOnLoop()
    phase = .closed
    owner = nil
    hub.remove(self)
    inbox.reset(keeping: 0)
    giveUpAsking()
    let other = other
    self.other = .nobody
    switch other {
    case .nobody: break
    case .here(let end): end.takeUnretainedValue().otherClosed()
    case .away(let place): if !loop.isInherited { place.sender.push(.closed(place.end)) }
    }
  }

  private func tell(_ place: InprocPlace, _ message: InprocMessage) {
    if !place.sender.push(message) { otherClosed() }
  }

  // MARK: What the other end does

  func take(_ bytes: Bytes) {
    inbox.append(bytes)
    note()
  }

  func otherConsumed(_ count: Int) {
    room += count
    if wantsRoom { note() }
  }

  func wasAsked(_ question: any StreamQuestion) {
    let isTaken = deliverAll() && owner?.stream(self, asked: question) ?? false
    if case .away(let place) = other { tell(place, .answer(place.end, isTaken)) }
  }

  func answered(_ isTaken: Bool) {
    if !askers.isEmpty { askers.removeFirst()(isTaken) }
  }

  private func giveUpAsking() {
    let all = askers
    askers = []
    for asker in all { asker(nil) }
  }

  func otherEnded() {
    otherHasEnded = true
    note()
  }

  func otherClosed() {
    other = .nobody
    otherHasEnded = true
    otherIsClosed = true
    giveUpAsking()
    note()
  }

  // MARK: What the owner is told

  private func note() {
    guard !isNoted, phase == .open else { return }
    isNoted = true
    hub.note(self)
  }

  /// Tells the owner what there is, called by the hub for an end that was noted.
  func dispatch() {
    isNoted = false
    if let failure { return fail(failure) }
    if wantsRoom, room > 0 || otherIsClosed, phase == .open {
      wantsRoom = false
      owner?.streamCanWrite(self)
    }
    if wantsReads, phase == .open, !inbox.isEmpty { deliver() }
    if wantsReads, phase == .open, inbox.isEmpty, otherHasEnded, !hasToldEnd {
      hasToldEnd = true
      wantsReads = false
      owner?.streamEnded(self)
    }
    if phase == .open, hasToldEnd, otherIsClosed, !hasToldHangUp {
      hasToldHangUp = true
      owner?.streamHungUp(self)
    }
  }

  /// Lends the owner everything that has come, as far as it reads; whether that was all.
  private func deliverAll() -> Bool {
    while !inbox.isEmpty, wantsReads, phase == .open { deliver() }
    return inbox.isEmpty && phase == .open
  }

  /// Lends the owner as much as one read of a socket would bring.
  private func deliver() {
    swap(&inbox, &lent)
    let count = min(lent.count, Loop.readSize)
    owner?.stream(self, received: Bytes(rebasing: lent.bytes[..<count]))
    lent.consume(count)
    if phase == .closed || lent.isEmpty {
      lent.reset(keeping: phase == .closed ? 0 : Loop.readSize)
    } else {
      lent.append(inbox.bytes)
      inbox.reset()
      swap(&inbox, &lent)
      if wantsReads { note() }
    }
    consumed += count
    if consumed >= InprocStream.window / 4 { tellConsumed() }
  }

  private func tellConsumed() {
    let count = consumed
    consumed = 0
    switch other {
    case .nobody: break
    case .here(let end): end.takeUnretainedValue().otherConsumed(count)
    case .away(let place): tell(place, .consumed(place.end, count))
    }
  }
}
