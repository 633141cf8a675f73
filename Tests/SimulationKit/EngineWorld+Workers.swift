import PeriodicCore
import PeriodicEngine

/// What workers can do, their free slots, and their word on a hand-out (PROTOCOL 2.3).
extension EngineWorld {
  func canDo() {
    if let peer = anyWorker() { register(peer, random.pick(functionNames)) }
  }

  func broadcast() {
    // Generation 1 has no such command.
    guard let peer = anyWorker(), peers[peer].generation == 2 else { return canDo() }
    register(peer, random.pick(functionNames), asBroadcast: true)
  }

  func register(_ peer: Int, _ function: String, asBroadcast: Bool = false) {
    let expected = isFunctionRefused(function) ? "limit functions" : "success"
    log("\(peer) \(asBroadcast ? "broadcasts" : "can do") \(function): \(expected)")
    if expected == "success" {
      functions.insert(function)
      if !peers[peer].functions.contains(function) { peers[peer].functions.append(function) }
      if asBroadcast {
        peers[peer].broadcasts.insert(function)
      } else {
        peers[peer].broadcasts.remove(function)
      }
    }
    send(KeyName(function: function, name: ""), peer, expecting: expected) { key, _ in
      asBroadcast ? .broadcast(function: key.function) : .canDo(function: key.function)
    }
  }

  func cannotDo() {
    guard let peer = anyWorker() else { return }
    let function = random.pick(functionNames)
    log("\(peer) cannot do \(function)")
    peers[peer].functions.removeAll { $0 == function }
    peers[peer].broadcasts.remove(function)
    send(KeyName(function: function, name: ""), peer, expecting: "success") { key, _ in
      .cannotDo(function: key.function)
    }
  }

  /// Whether somebody who can do the function said BROADCAST, and nobody CAN_DO who could have
  /// said BROADCAST (PROTOCOL 2.3 and 2.13).
  func isBroadcast(_ function: String) -> Bool {
    let workers = peers.filter { $0.isOpen && $0.functions.contains(function) }
    return workers.contains { $0.broadcasts.contains(function) }
      && workers.allSatisfy { $0.generation == 1 || $0.broadcasts.contains(function) }
  }

  func hasWorker(_ function: String) -> Bool {
    peers.contains { $0.isOpen && $0.functions.contains(function) }
  }

  func grab() {
    if let peer = anyWorker() { grab(peer) }
  }

  func grab(_ peer: Int) {
    nextMessage += 1
    var message = nextMessage
    if random.chance(20), let again = peers[peer].grabs.first { message = again }
    let confirms = peers[peer].generation == 2 && random.chance(80)
    for job in jobs where job.holds(peer) {
      changeRun(job.key, peer) { run in if run.message == message { run.offerEnd = .max } }
    }
    var expected = "success"
    if !peers[peer].grabs.contains(message) {
      if peers[peer].grabs.count >= limits.grabsPerConnection {
        expected = "limit grabs"
      } else {
        peers[peer].grabs.append(message)
        let silent = !confirms || (peers[peer].hasFinished && !peers[peer].hasConfirmed)
        peers[peer].silent[message] = silent
      }
    }
    log("\(peer) grabs as \(message): \(expected)")
    send(.grab(confirms: confirms), message, peer, expecting: expected)
  }

  /// 33 or 34 for a message, usually of a run that is offered.
  func confirm() {
    guard let peer = anyWorker() else { return }
    let takes = random.chance(85)
    let offered = jobs.filter { job in
      job.run(of: peer).map { job.runs[$0].isUnconfirmed } ?? false
    }
    let named = offered.isEmpty || random.chance(5) ? nil : random.pick(offered)
    let run = named.flatMap { job in job.run(of: peer).map { job.runs[$0] } }
    let message = run?.message ?? 1_000_000
    log("\(peer) \(takes ? "takes" : "refuses") \(message)")
    peers[peer].hasConfirmed = true
    if let key = named?.key { takes ? accept(key, peer) : refuse(key, peer) }
    send(takes ? .assigned : .unassigned, message, peer, expecting: nil)
  }

  /// The worker's word that it took the job, or anything that counts as that word: a late one
  /// brings an expired offer back while nobody has the job.
  func accept(_ key: KeyName, _ peer: Int) {
    guard let job = job(key), let index = job.run(of: peer) else { return }
    let run = job.runs[index]
    if run.isHeld {
      changeRun(key, peer) { $0.offerEnd = .max }
    } else if run.isLateOffer {
      changeRun(key, peer) { $0.awaitsWord = false }
      guard job.state == .waiting, run.leaseEnd > now.monotonic else { return }
      update(key) { $0.state = .running }
      changeRun(key, peer) { run in
        run.isHeld = true
        run.isLateOffer = false
      }
    }
  }

  private func refuse(_ key: KeyName, _ peer: Int) {
    guard let job = job(key), let index = job.run(of: peer) else { return }
    if job.runs[index].isHeld {
      endRun(key, peer, .nothing)
    } else {
      update(key) { job in job.runs.removeAll { $0.peer == peer } }
    }
  }

  func changeRun(_ key: KeyName, _ peer: Int, _ change: (inout ModelRun) -> Void) {
    update(key) { job in
      if let index = job.run(of: peer) { change(&job.runs[index]) }
    }
  }
}
