import PeriodicCore
import PeriodicServer
import PeriodicWire

/// What the simulated peers hear.
extension ServerWorld {
  /// Takes in what the server said.
  func read(_ peer: SimulatedPeer) {
    while true {
      let used = peer.generation == .one ? readOne(peer) : readTwo(peer)
      if used == 0 { return }
      peer.fromServer.consume(used)
    }
  }

  private func readTwo(_ peer: SimulatedPeer) -> Int {
    switch peer.decoder.next(peer.fromServer.bytes) {
    case .needMore: return 0
    case .violation(let violation):
      expect(false, "E5: the server sent \(violation.text)")
      return 0
    case .message(let message, let used):
      hear(message, peer)
      return used
    }
  }

  private func hear(_ message: ServerMessage, _ peer: SimulatedPeer) {
    switch message {
    case .connectionID:
      expect(!peer.isGreeted, "E5: greeted twice")
      peer.isGreeted = true
    case .assign(let id, let job): assigned(UInt32(id.number), job, nil, peer)
    case .success(let id): answered(UInt32(id.number), true, peer)
    case .unknown(let id): answered(UInt32(id.number), false, peer)
    case .pong(let id): expectKind(id, .ping, peer)
    case .data(let id, let data): heard(data, UInt32(id.number), peer)
    case .noWorker(let id): noWorker(UInt32(id.number), peer)
    case .acquired(let id, let isHolder): acquired(UInt32(id.number), isHolder, peer)
    case .setting(let id, let value):
      guard
        case .get(let key, let newest)? = peer.outstanding.removeValue(forKey: UInt32(id.number))
      else { return expect(false, "E5: a setting that nobody asked for") }
      check(value, of: key, newest)
    default: expect(false, "E5: unexpected \(message)")
    }
  }

  private func readOne(_ peer: SimulatedPeer) -> Int {
    switch peer.decoder1.next(peer.fromServer.bytes) {
    case .needMore: return 0
    case .bareText, .violation:
      expect(false, "E5: the server sent no reply of generation 1")
      return 0
    case .answer(let id, let content, let used):
      guard let message = UInt32(id.text) else {
        expect(false, "E5: an id that nobody gave")
        return 0
      }
      hearOne(message, content, peer)
      return used
    }
  }

  private func hearOne(_ message: UInt32, _ content: Bytes, _ peer: SimulatedPeer) {
    switch peer.outstanding[message] {
    case .status: peer.outstanding[message] = nil
    case .dump:
      if case .unknown? = peer.decoder1.reply(content) {
        expect(isEnding, "2.10: a dump is refused")
        return answered(message, false, peer)
      }
      if content.text != "EOF" { return heard(content, of: message, peer) }
      peer.outstanding[message] = nil
      dumpEnded(message, peer)
    default:
      switch peer.decoder1.reply(content) {
      case .success: answered(message, true, peer)
      case .unknown: answered(message, false, peer)
      case .pong:
        if case .load? = peer.outstanding[message] {
          peer.outstanding[message] = nil
        } else {
          expectKind(MessageID(UInt64(message)), .ping, peer)
        }
      case .assign(let id, let job): assigned(message, job, id, peer)
      default: expect(false, "E5: unexpected \(content.text) under \(message)")
      }
    }
  }

  private func expectKind(
    _ id: MessageID, _ request: SimulatedPeer.Request, _ peer: SimulatedPeer
  ) {
    let found = peer.outstanding.removeValue(forKey: UInt32(id.number))
    expect(found == request, "E5: the reply to \(String(describing: found)) is for \(request)")
  }

  /// DATA: a status, a dump, a result, or a piece of what a worker sends.
  private func heard(_ data: Bytes, _ message: UInt32, _ peer: SimulatedPeer) {
    switch peer.outstanding[message] {
    case .status: peer.outstanding[message] = nil
    case .dump:
      peer.outstanding[message] = nil
      heard(data, of: message, peer)
      dumpEnded(message, peer)
    case .run(let key):
      peer.outstanding[message] = nil
      log("\(peer.number) hears \(data.text) of \(key)")
      let known = ["expired", "failed", "removed", "result of \(key)"]
      expect(known.contains(data.text), "2.5: \(data.text) is no result of \(key)")
    case .listen(let key, let isHeard):
      expect(isHeard, "E5: data before success")
      if data.text == "EOF" {
        peer.outstanding[message] = nil
      } else {
        heardPiece(data.text, message, key, peer)
      }
    default: expect(false, "E5: data that nobody asked for, \(data.text)")
    }
  }

  /// The pieces of each sender come in their order, and to nobody who did not ask for them.
  private func heardPiece(
    _ piece: String, _ message: UInt32, _ key: KeyName, _ peer: SimulatedPeer
  ) {
    let words = piece.split(separator: " ")
    guard words.count == 3, words[0] == key.description, let sender = Int(words[1]),
      let number = Int(words[2])
    else { return expect(false, "2.5: \(piece) is no data of \(key)") }
    log("\(peer.number) hears \(piece)")
    let last = peer.heardPieces[message]?[sender] ?? 0
    expect(number > last, "2.5: \(piece) comes after \(last)")
    peer.heardPieces[message, default: [:]][sender] = number
  }

  private func noWorker(_ message: UInt32, _ peer: SimulatedPeer) {
    switch peer.outstanding.removeValue(forKey: message) {
    case .run, .listen(_, isHeard: false): break
    case let other: expect(false, "E5: no worker for \(String(describing: other))")
    }
  }

  private func acquired(_ message: UInt32, _ isHolder: Bool, _ peer: SimulatedPeer) {
    guard case .acquire(let lock, let key)? = peer.outstanding.removeValue(forKey: message) else {
      return expect(false, "E5: a lock that nobody asked for")
    }
    log("\(peer.number) hears \(isHolder) of \(lock) for \(key)")
    // It may have reported on the job since it asked.
    guard let index = peer.held.firstIndex(where: { $0.key == key && $0.isAsking }) else { return }
    peer.held[index].isAsking = false
    if !isHolder {
      _ = peer.drop(index)
    } else if !peer.locks.contains(where: { $0.name == lock && $0.key == key }) {
      peer.locks.append((lock, key))
      checkLocks()
    }
  }

  private func answered(_ message: UInt32, _ isSuccess: Bool, _ peer: SimulatedPeer) {
    guard let request = peer.outstanding.removeValue(forKey: message) else {
      return expect(false, "E5: \(peer.number) has nothing outstanding under \(message)")
    }
    log("\(peer.number) hears \(isSuccess) to \(request.name)")
    switch request {
    case .submit(let key, let version): if isSuccess { acknowledge(key, version) }
    case .load(let jobs):
      if isSuccess { for (key, version) in jobs { acknowledge(key, version) } }
    case .remove(let key):
      // Everything sent before may still be on its way; only a quiet job is known to be gone.
      if isSuccess, isQuiet(key) { update(key) { $0.ended = $0.sent } }
    case .listen(let key, let isHeard):
      expect(!isHeard, "E5: a listener hears success twice")
      if isSuccess { peer.outstanding[message] = .listen(key, isHeard: true) }
    case .set(let key, let value):
      expect(isSuccess || isEnding, "E5: \(request) is refused")
      if isSuccess { acknowledgedSettings[key] = value }
    case .run: expect(!isSuccess, "E5: \(request) is answered with success")
    case .report, .canDo, .grab, .drop:
      expect(isSuccess || isEnding, "E5: \(request) is refused")
    case .dump:
      expect(!isSuccess, "E5: \(request) is answered with success")
      dumps.removeAll { $0.peer == peer.number }
    case .ping, .status, .get, .acquire:
      expect(false, "E5: \(request) is answered with \(isSuccess)")
    }
  }

  private func acknowledge(_ key: KeyName, _ version: Int) {
    let mayBeAssigned = peers.contains { $0.isOpen && $0.hasUnread }
    if mayBeAssigned { update(key) { $0.mayRun = true } }
    if stories[key]?.mayRun == false { update(key) { $0.acknowledged = version } }
  }

  /// Whether the newest version of the job has been answered for.
  private func isQuiet(_ key: KeyName) -> Bool {
    guard let story = stories[key] else { return false }
    return story.acknowledged == story.sent && story.endAsked == story.sent
  }

  private func assigned(
    _ message: UInt32, _ job: JobFields, _ id: JobID?, _ peer: SimulatedPeer
  ) {
    let key = KeyName(function: job.key.function.text, name: job.key.name.text)
    let version = Int(job.workload.text) ?? 0
    log("\(peer.number) gets \(key) as \(version)")
    expect(peer.grabs.remove(message) != nil, "E5: an assignment without a grab")
    expect(job.scheduledAt * 1000 <= now.wall, "E3: \(key) comes before its time")
    expect(job.key.function.count == 2, "\(key): its fields")
    // It may have been submitted by generation 1, and asked for with a time limit of its own.
    expect(job.timeout == 600 || job.timeout < 20, "\(key): its time limit \(job.timeout)")
    stories[key]?.mayRun = true
    let held = SimulatedPeer.HeldJob(key: key, version: version, id: id)
    if peer.generation == .one { return peer.held.append(held) }
    let takes = isHealed || random.chance(90)
    if takes { peer.held.append(held) } else { peer.refused.append(key) }
    peer.sendWithoutReply(takes ? .assigned : .unassigned, message: message)
  }
}

extension SimulatedPeer.Request {
  /// For the log: the same in every process, unlike a dictionary's description.
  var name: String {
    switch self {
    case .load(let jobs):
      "load(\(jobs.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")))"
    default: "\(self)"
    }
  }
}
