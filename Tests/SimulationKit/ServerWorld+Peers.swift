import PeriodicCore
import PeriodicServer
import PeriodicWire

/// What the simulated peers do, and what they hear.
extension ServerWorld {
  func act() {
    drain()
    switch random.below(100) {
    case 0..<6: openPeer(isWorker: random.chance(60))
    case 6..<8: losePeer()
    case 8..<9 where random.chance(50): endPeer()
    case 8..<9: crash()
    case 9..<45: submit()
    case 45..<50: remove()
    case 50..<53: ask(.ping, .ping)
    case 53..<56: ask(.status, .status)
    case 56..<75: grab()
    default: report()
    }
  }

  func openPeer(isWorker: Bool) {
    guard let session = core.open(at: now) else { return }
    let peer = SimulatedPeer(number: peers.count, isWorker: isWorker, session: session)
    session.connection = peer
    peers.append(peer)
    log("open \(peer.number)")
    if isWorker {
      for function in 0..<3 where isHealed || random.chance(70) {
        withBytes(of: "f\(function)") { peer.send(.canDo(function: $0), as: .canDo) }
      }
    }
  }

  private func losePeer() {
    let open = peers.filter { $0.isOpen }
    guard !open.isEmpty else { return }
    lose(random.pick(open))
  }

  /// A client sends no more, and still waits for its answers.
  private func endPeer() {
    guard let peer = anyPeer(worker: false), peer.toServer.isEmpty else { return }
    log("end \(peer.number)")
    peer.hasEnded = true
    core.receivedEnd(on: peer.session, at: now)
  }

  func lose(_ peer: SimulatedPeer) {
    log("lose \(peer.number)")
    peer.isOpen = false
    core.closed(peer.session, at: now)
  }

  private func anyPeer(worker: Bool? = nil) -> SimulatedPeer? {
    let open = peers.filter {
      $0.isOpen && !$0.hasEnded && (worker == nil || $0.isWorker == worker)
    }
    return open.isEmpty ? nil : random.pick(open)
  }

  private func ask(_ command: Command, _ request: SimulatedPeer.Request) {
    anyPeer()?.send(command, as: request)
  }

  private func submit() {
    guard let peer = anyPeer() else { return }
    let key = random.pick(keys)
    guard var story = stories[key] else { return }
    // One submit at a time for each job, so that its order is known from outside.
    let isBusy = peers.contains { peer in
      peer.isOpen
        && peer.outstanding.values.contains { request in
          if case .submit(key, _) = request { true } else { false }
        }
    }
    if isBusy { return }
    story.sent += 1
    // An end that has been sent and not answered may be carried out after this.
    if isEndOutstanding(key) { story.endAsked = story.sent }
    story.mayRun =
      isEndOutstanding(key)
      || peers.contains { peer in
        peer.isOpen
          && (peer.refused.contains(key) || peer.held.contains { $0.key == key })
      }
    let seconds = now.wallSeconds + Int64(random.below(20)) - 10
    stories[key] = story
    log("\(peer.number) submits \(key) as \(story.sent) at \(seconds)")
    with(key, String(story.sent)) { key, workload in
      let job = JobFields(key: key, workload: workload, scheduledAt: seconds)
      return .submit(job)
    } send: {
      peer.send($0, as: .submit(key, version: story.sent))
    }
  }

  private func isEndOutstanding(_ key: KeyName) -> Bool {
    peers.contains { peer in
      peer.isOpen
        && peer.outstanding.values.contains { $0 == .remove(key) || $0 == .report(key) }
    }
  }

  private func remove() {
    guard let peer = anyPeer() else { return }
    let key = random.pick(keys)
    update(key) { $0.endAsked = $0.sent }
    log("\(peer.number) removes \(key)")
    with(key, "") { key, _ in
      .remove(key)
    } send: {
      peer.send($0, as: .remove(key))
    }
  }

  func grab() {
    guard let peer = anyPeer(worker: true), peer.grabs.count < 4 else { return }
    peer.send(.grab(confirms: true), as: .grab)
  }

  func report() {
    guard let peer = anyPeer(worker: true), !peer.held.isEmpty else { return }
    report(peer, random.below(peer.held.count), kind: random.below(3))
  }

  func report(_ peer: SimulatedPeer, _ index: Int, kind: Int) {
    let job = peer.held.remove(at: index)
    log("\(peer.number) reports \(["done", "fail", "later"][kind]) of \(job.key)")
    if kind == 0 { update(job.key) { $0.endAsked = $0.sent } }
    let delay = Int64(random.below(3))
    with(job.key, "") { key, _ in
      switch kind {
      case 0: .done(.key(key), data: .none)
      case 1: .fail(.key(key))
      default: .later(.key(key), delay: delay, step: 1)
      }
    } send: {
      peer.send($0, as: .report(job.key))
    }
  }

  private func update(_ key: KeyName, _ change: (inout Story) -> Void) {
    guard var story = stories[key] else { return }
    change(&story)
    stories[key] = story
  }

  private func with(
    _ key: KeyName, _ workload: String, _ make: (JobKey, Bytes) -> Command,
    send: (Command) -> Void
  ) {
    withBytes(of: key.function) { function in
      withBytes(of: key.name) { name in
        withBytes(of: workload) { workload in
          send(make(JobKey(function: function, name: name), workload))
        }
      }
    }
  }

  /// Takes in what the server said.
  func read(_ peer: SimulatedPeer) {
    while true {
      switch peer.decoder.next(peer.fromServer.bytes) {
      case .needMore: return
      case .violation(let violation): expect(false, "E5: the server sent \(violation.text)")
      case .message(let message, let used):
        hear(message, peer)
        peer.fromServer.consume(used)
      }
    }
  }

  private func hear(_ message: ServerMessage, _ peer: SimulatedPeer) {
    switch message {
    case .connectionID:
      expect(!peer.isGreeted, "E5: greeted twice")
      peer.isGreeted = true
    case .assign(let id, let job): assigned(id, job, peer)
    case .success(let id): answered(id, true, peer)
    case .unknown(let id): answered(id, false, peer)
    case .pong(let id): expectKind(id, .ping, peer)
    case .data(let id, _): expectKind(id, .status, peer)
    default: expect(false, "E5: unexpected \(message)")
    }
  }

  private func expectKind(
    _ id: MessageID, _ request: SimulatedPeer.Request, _ peer: SimulatedPeer
  ) {
    let found = peer.outstanding.removeValue(forKey: UInt32(id.number))
    expect(found == request, "E5: the reply to \(String(describing: found)) is for \(request)")
  }

  private func answered(_ id: MessageID, _ isSuccess: Bool, _ peer: SimulatedPeer) {
    guard let request = peer.outstanding.removeValue(forKey: UInt32(id.number)) else {
      return expect(false, "E5: \(peer.number) has nothing outstanding under \(id.number)")
    }
    log("\(peer.number) hears \(isSuccess) to \(request)")
    switch request {
    case .submit(let key, let version):
      if isSuccess, stories[key]?.mayRun == false { stories[key]?.acknowledged = version }
    case .remove(let key):
      // Everything sent before may still be on its way; only a quiet job is known to be gone.
      if isSuccess, isQuiet(key) { update(key) { $0.ended = $0.sent } }
    case .report, .canDo, .grab: expect(isSuccess, "E5: \(request) is refused")
    case .ping, .status: expect(false, "E5: \(request) is answered with success")
    }
  }

  /// Whether the newest version of the job has been answered for.
  private func isQuiet(_ key: KeyName) -> Bool {
    guard let story = stories[key] else { return false }
    return story.acknowledged == story.sent && story.endAsked == story.sent
  }

  private func assigned(_ id: MessageID, _ job: JobFields, _ peer: SimulatedPeer) {
    let key = KeyName(function: job.key.function.text, name: job.key.name.text)
    log("\(peer.number) gets \(key) as \(job.workload.text)")
    expect(peer.grabs.remove(UInt32(id.number)) != nil, "E5: an assignment without a grab")
    expect(job.scheduledAt * 1000 <= now.wall, "E3: \(key) comes before its time")
    expect(job.timeout == 600 && job.key.function.count == 2, "\(key): its fields")
    peer.held.append((key, Int(job.workload.text) ?? 0))
    stories[key]?.mayRun = true
    let takes = isHealed || random.chance(90)
    if !takes {
      peer.held.removeLast()
      peer.refused.append(key)
    }
    peer.sendWithoutReply(takes ? .assigned : .unassigned, message: UInt32(id.number))
  }

  /// Ends the faults and demands that every job is run to its end and every request answered.
  func heal() {
    isHealed = true
    log("heal")
    for peer in peers where peer.isOpen { lose(peer) }
    openPeer(isWorker: true)
    guard let worker = peers.last else { return }
    var rounds = 0
    while rounds < 400 {
      rounds += 1
      pass(200)
      turn()
      drain()
      while !worker.held.isEmpty { report(worker, 0, kind: 0) }
      if worker.isOpen, worker.grabs.isEmpty { worker.send(.grab(confirms: true), as: .grab) }
    }
    expect(worker.isOpen, "progress: the worker's connection stands")
    expect(worker.outstanding.isEmpty, "E5: \(worker.outstanding) is never answered")
    expect(store.rows.isEmpty, "progress: \(store.rows.count) jobs are left")
    core.stop(at: now)
    for _ in 0..<20 where !hasStopped {
      pass(100)
      turn()
    }
    expect(hasStopped && !worker.isOpen, "a stop ends and closes everything")
  }
}
