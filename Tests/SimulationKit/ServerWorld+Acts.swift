import PeriodicCore
import PeriodicServer
import PeriodicWire

/// What the simulated peers do.
extension ServerWorld {
  func act() {
    drain()
    switch random.below(110) {
    case 0..<6: openPeer(isWorker: random.chance(60))
    case 6..<8: losePeer()
    case 8..<9 where random.chance(50): endPeer()
    case 8..<9: crash()
    case 9..<38: submit()
    case 38..<43: remove()
    case 43..<46: ask(.ping, .ping)
    case 46..<49: ask(.status, .status)
    case 49..<66: grab()
    case 66..<81: report()
    case 81..<86: runJob()
    case 86..<90: listen()
    case 90..<94: sendData()
    case 94..<99: acquire()
    case 99..<101: releaseLock()
    case 101..<104: useSettings()
    case 104..<106: dump()
    case 106..<108: loadList()
    case 108..<109 where random.chance(20): shutDown()
    default: drop()
    }
  }

  func openPeer(isWorker: Bool, _ generation: Generation? = nil) {
    guard let session = core.open(at: now) else { return }
    let generation = generation ?? (random.chance(25) ? .one : .two)
    let peer = SimulatedPeer(
      number: peers.count, isWorker: isWorker, generation: generation, session: session)
    session.connection = peer
    peers.append(peer)
    log("open \(peer.number) generation \(generation)")
    guard isWorker else { return }
    for function in 0..<functionCount where isHealed || random.chance(70) {
      let isBroadcast = function == broadcastFunction && generation == .two && !isHealed
      withBytes(of: "f\(function)") {
        peer.send(isBroadcast ? .broadcast(function: $0) : .canDo(function: $0), as: .canDo)
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
    if peer.hasUnread { for key in keys { update(key) { $0.mayRun = true } } }
    peer.isOpen = false
    peer.locks = []
    core.closed(peer.session, at: now)
  }

  /// A peer that may send: of this role, and of this generation. Generation 1 workers may send
  /// nothing but their reports and PING.
  func anyPeer(worker: Bool? = nil, _ generation: Generation? = nil) -> SimulatedPeer? {
    let open = peers.filter {
      $0.isOpen && !$0.hasEnded && (worker == nil || $0.isWorker == worker)
        && (generation == nil || $0.generation == generation)
    }
    return open.isEmpty ? nil : random.pick(open)
  }

  /// One that may submit.
  func anySubmitter(_ generation: Generation? = nil) -> SimulatedPeer? {
    guard let peer = anyPeer(worker: nil, generation) else { return nil }
    return peer.isWorker && peer.generation == .one ? anyPeer(worker: false, generation) : peer
  }

  private func ask(_ command: Command, _ request: SimulatedPeer.Request) {
    anySubmitter()?.send(command, as: request)
  }

  private func submit() {
    guard let peer = anySubmitter(), let (key, version) = newVersion() else { return }
    let seconds = now.wallSeconds + Int64(random.below(20)) - 10
    log("\(peer.number) submits \(key) as \(version) at \(seconds)")
    with(key, ServerWorld.workload(version)) { key, workload in
      .submit(JobFields(key: key, workload: workload, scheduledAt: seconds))
    } send: {
      peer.send($0, as: .submit(key, version: version))
    }
  }

  /// A job to be submitted, and the number of its new version. `nil` while another is on its way:
  /// one at a time for each job, so that their order is known from outside.
  func newVersion(_ wanted: KeyName? = nil) -> (key: KeyName, version: Int)? {
    let key = wanted ?? random.pick(keys)
    guard var story = stories[key] else { return nil }
    let isBusy = peers.contains { peer in
      // A RUN_JOB that has arrived for certain has had its effect, though it is not answered.
      let hasArrived = peer.toServer.isEmpty && !peer.isPaused
      return peer.isOpen
        && peer.outstanding.values.contains {
          $0.brings(key) && !($0 == .run(key) && hasArrived)
        }
    }
    if isBusy { return nil }
    story.sent += 1
    // An end that has been sent and not answered may be carried out after this.
    if isEndOutstanding(key) { story.endAsked = story.sent }
    story.mayRun = isEndOutstanding(key) || mayRun(key)
    stories[key] = story
    return (key, story.sent)
  }

  func mayRun(_ key: KeyName) -> Bool {
    peers.contains { peer in
      peer.isOpen
        && (peer.refused.contains(key) || peer.held.contains { $0.key == key })
    }
  }

  private func isEndOutstanding(_ key: KeyName) -> Bool {
    peers.contains { peer in
      guard peer.isOpen else { return false }
      // Reports of generation 1 have no answer: while anything is on its way, they may be.
      let hasArrived = peer.toServer.isEmpty && !peer.isPaused
      if peer.generation == .one, peer.isWorker, !hasArrived { return true }
      return peer.outstanding.values.contains {
        $0 == .remove(key) || $0 == .report(key) || $0 == .drop
      }
    }
  }

  private func remove() {
    guard let peer = anySubmitter() else { return }
    let key = random.pick(keys)
    // What holds a lock is left alone, so that who holds it is known from outside.
    if key.function == lockFunction { return }
    update(key) { $0.endAsked = $0.sent }
    log("\(peer.number) removes \(key)")
    with(key, "") { key, _ in
      .remove(key)
    } send: {
      peer.send($0, as: .remove(key))
    }
  }

  /// DROP_FUNC does nothing to a function that has workers; whether it has is not known here.
  private func drop() {
    guard let peer = anySubmitter() else { return }
    let function = "f\(random.below(2))"
    log("\(peer.number) drops \(function)")
    for key in keys where key.function == function { update(key) { $0.endAsked = $0.sent } }
    withBytes(of: function) { peer.send(.drop(function: $0), as: .drop) }
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
    let job = peer.drop(index)
    log("\(peer.number) reports \(["done", "fail", "later"][kind]) of \(job.key)")
    if kind == 0 { update(job.key) { $0.endAsked = $0.sent } }
    let delay = Int64(random.below(3))
    with(job.key, "result of \(job.key)") { key, data in
      switch kind {
      case 0: .done(peer.reference(job, key), data: data)
      case 1: .fail(peer.reference(job, key))
      default: .later(peer.reference(job, key), delay: delay, step: 1)
      }
    } send: {
      peer.send($0, as: .report(job.key))
    }
  }

  func update(_ key: KeyName, _ change: (inout Story) -> Void) {
    guard var story = stories[key] else { return }
    change(&story)
    stories[key] = story
  }

  /// A workload that tells the version; one in some is so large that it is shared, not copied.
  static func workload(_ version: Int) -> String {
    let digits = String(version)
    let isLarge = version % 16 == 9
    return isLarge ? String(repeating: "0", count: SharedBytes.least) + digits : digits
  }

  func with(
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
}
