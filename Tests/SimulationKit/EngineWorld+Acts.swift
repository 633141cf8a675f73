import PeriodicCore
import PeriodicEngine

/// What peers do, and what the model says should come of it.
extension EngineWorld {
  func act() {
    switch random.below(100) {
    case 0..<4: openPeer()
    case 4..<6: closePeer()
    case 6..<7 where isDurable: restart()
    case 7..<35: submit()
    case 35..<40: remove()
    case 40..<42: drop()
    case 42..<50: canDo()
    case 50..<53: cannotDo()
    case 53..<70: grab()
    case 70..<78: confirm(random.chance(85))
    case 78..<94: report()
    default: tick()
    }
  }

  func openPeer(worker: Bool? = nil) {
    let generation = random.chance(30) ? 1 : 2
    let session = engine.open(generation == 1 ? .generation1 : .generation2)
    let isWorker = worker ?? random.chance(70)
    peers.append(Peer(session: session, isWorker: isWorker, generation: generation))
    log("open \(peers.count - 1) generation \(generation)")
  }

  private func closePeer() {
    if let peer = anyPeer() { close(peer) }
  }

  func close(_ gone: Int) {
    log("close \(gone)")
    // The engine gives back the newest run first.
    let lost = jobs.indices.filter { jobs[$0].holder == gone }
      .sorted { jobs[$0].fence > jobs[$1].fence }
    for index in lost { putBack(index, delay: 1000) }
    for index in jobs.indices where jobs[index].lostBy?.peer == gone { jobs[index].lostBy = nil }
    peers[gone].isOpen = false
    peers[gone].functions = []
    peers[gone].grabs = []
    engine.close(peers[gone].session, at: now, into: &effects)
    takeEffects()
    work()
  }

  private func submit() {
    guard let peer = anyPeer() else { return }
    let key = anyKey()
    submissions += 1
    let workload = "w\(submissions)"
    let seconds = now.wallSeconds + Int64(random.below(40)) - 15
    let timeout = random.chance(50) ? 0 : 1 + random.below(20)
    let origin = peers[peer].generation
    let known = jobs.firstIndex { $0.key == key }
    var expected = "success"
    if let known, case .running = jobs[known].state {
      log("submit \(key) while it runs")
    } else if known == nil, jobs.count >= limits.jobs {
      expected = "limit jobs"
    } else if known == nil, isFunctionRefused(key.function) {
      expected = "limit functions"
    } else {
      accept(key, workload, seconds, timeout, origin, known)
    }
    log("submit \(key) at \(seconds): \(expected)")
    command(peer, expecting: expected) { function, name, body in
      .submit(
        JobFields(
          key: JobKey(function: function, name: name), workload: body, scheduledAt: seconds,
          timeout: Int32(timeout), origin: origin == 1 ? .generation1 : .generation2))
    } names: {
      (key.function, key.name, workload)
    }
  }

  /// The model's side of an accepted submit.
  private func accept(
    _ key: KeyName, _ workload: String, _ seconds: Int64, _ timeout: Int, _ origin: Int,
    _ known: Int?
  ) {
    sequence += 1
    let version = ModelJob.Version(
      workload: workload, due: max(seconds * 1000, now.wall), sequence: sequence, count: 0,
      timeout: timeout, scheduledAt: origin == 1 ? seconds : max(seconds, now.wallSeconds),
      origin: UInt8(origin))
    functions.insert(key.function)
    let index: Int
    if let known {
      index = known
      if isDurable { jobs[index].staged.append((batchNumber, jobs[index].version)) }
      jobs[index].version = version
    } else {
      jobs.append(ModelJob(key: key, version: version))
      index = jobs.count - 1
      if isDurable { jobs[index].staged.append((batchNumber, nil)) }
    }
    jobs[index].lostBy = nil
    jobs[index].state = isDurable ? .staged : .waiting
    promise(key, workload, isPut: true)
  }

  private func remove() {
    guard let peer = anyPeer() else { return }
    let key = anyKey()
    var expected = "no such job"
    if let index = jobs.firstIndex(where: { $0.key == key }) {
      expected = "success"
      promise(key, nil, isPut: false)
      jobs.remove(at: index)
    }
    log("remove \(key): \(expected)")
    command(peer, expecting: expected) { function, name, _ in
      .remove(JobKey(function: function, name: name))
    } names: {
      (key.function, key.name, "")
    }
  }

  private func drop() {
    guard let peer = anyPeer() else { return }
    let function = random.pick(functionNames)
    let isServed = peers.contains { $0.functions.contains(function) }
    log("drop \(function)\(isServed ? ", which has workers" : "")")
    if !isServed {
      for job in jobs where job.key.function == function { promise(job.key, nil, isPut: false) }
      jobs.removeAll { $0.key.function == function }
      functions.remove(function)
    }
    command(peer, expecting: "success") { function, _, _ in
      .drop(function: function)
    } names: {
      (function, "", "")
    }
  }

  private func canDo() {
    if let peer = anyWorker() { register(peer, random.pick(functionNames)) }
  }

  func register(_ peer: Int, _ function: String) {
    let expected = isFunctionRefused(function) ? "limit functions" : "success"
    log("\(peer) can do \(function): \(expected)")
    if expected == "success" {
      functions.insert(function)
      if !peers[peer].functions.contains(function) { peers[peer].functions.append(function) }
    }
    command(peer, expecting: expected) { function, _, _ in
      .canDo(function: function)
    } names: {
      (function, "", "")
    }
  }

  private func cannotDo() {
    guard let peer = anyWorker() else { return }
    let function = random.pick(functionNames)
    log("\(peer) cannot do \(function)")
    peers[peer].functions.removeAll { $0 == function }
    command(peer, expecting: "success") { function, _, _ in
      .cannotDo(function: function)
    } names: {
      (function, "", "")
    }
  }

  private func grab() {
    if let peer = anyWorker() { grab(peer) }
  }

  func grab(_ peer: Int) {
    nextMessage += 1
    var message = nextMessage
    if random.chance(20), let again = peers[peer].grabs.first { message = again }
    let confirms = peers[peer].generation == 2 && random.chance(80)
    for index in jobs.indices {
      if case .running(peer, message) = jobs[index].state { jobs[index].offerEnd = .max }
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

  func anyPeer() -> Int? {
    let open = peers.indices.filter { peers[$0].isOpen }
    return open.isEmpty ? nil : random.pick(open)
  }

  func anyWorker() -> Int? {
    let workers = peers.indices.filter { peers[$0].isOpen && peers[$0].isWorker }
    return workers.isEmpty ? nil : random.pick(workers)
  }

  private func anyKey() -> KeyName {
    KeyName(function: random.pick(functionNames), name: "n\(random.below(12))")
  }

  private func isFunctionRefused(_ function: String) -> Bool {
    !functions.contains(function) && functions.count >= limits.functions
  }

  /// Notes that the reply to come promises this outcome.
  func promise(_ key: KeyName, _ outcome: String?, isPut: Bool) {
    guard isDurable else { return }
    let change = history.record(key, outcome)
    held.append(Promise(batch: batchNumber, key: key, change: change, isPut: isPut))
  }
}
