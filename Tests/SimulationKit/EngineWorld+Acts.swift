import PeriodicCore
import PeriodicEngine

/// What peers do, and what the model says should come of it.
extension EngineWorld {
  func act() {
    let acts: [(Int, () -> Void)] = [
      (weights.open, { self.openPeer() }), (weights.close, closePeer),
      (isDurable ? weights.crash : 0, restart), (weights.submit, submit),
      (weights.remove, remove), (weights.drop, drop), (weights.canDo, canDo),
      (weights.broadcast, broadcast), (weights.cannotDo, cannotDo),
      (weights.grab, { self.grab() }), (weights.confirm, confirm),
      (weights.report, { self.report() }),
      (weights.tick, tick), (weights.run, runJob), (weights.receiveData, receiveData),
      (weights.workData, workData), (weights.acquire, acquire), (weights.release, releaseLock),
      (weights.settings, useSettings), (weights.dump, list),
      (isDurable ? 0 : weights.direct, actDirectly),
    ]
    var left = random.below(acts.reduce(0) { $0 + $1.0 })
    for (weight, act) in acts {
      if left < weight { return act() }
      left -= weight
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
    waiters.removeAll { $0.peer == gone }
    peers[gone].isOpen = false
    peers[gone].functions = []
    peers[gone].broadcasts = []
    peers[gone].grabs = []
    // The engine gives back the newest run first.
    let lost = jobs.flatMap { job in job.runs.map { (key: job.key, run: $0) } }
      .filter { $0.run.peer == gone }.sorted { $0.run.fence > $1.run.fence }
    for (key, run) in lost {
      if run.isHeld {
        observe("failJob:\(key.function):\(now.monotonic - run.startedAt)")
        endRun(key, gone, .failed)
      } else {
        update(key) { job in job.runs.removeAll { $0.peer == gone } }
      }
    }
    engine.close(peers[gone].session, at: now, into: &effects)
    takeEffects()
    work()
  }

  private func submit() {
    guard let peer = anyPeer() else { return }
    let key = anyKey()
    let version = anyVersion(peer)
    let expected: String
    if let refusal = roomRefusal(key, version) {
      expected = refusal
    } else {
      expected = "success"
      modelSubmits(key, version)
    }
    log("submit \(key) at \(version.asked): \(expected)")
    send(key, version, peer, expecting: expected, promise: true) { .submit($0) }
  }

  /// A version that this peer might ask for, with its order key.
  func anyVersion(_ peer: Int, transient: Bool = false) -> ModelJob.Version {
    submissions += 1
    sequence += 1
    // Who runs a job wants it now.
    let ahead = transient && random.chance(80) ? 0 : Int64(random.below(40)) - 15
    let seconds = now.wallSeconds + ahead
    let origin = peers[peer].generation
    return ModelJob.Version(
      workload: "w\(submissions)", due: max(seconds * 1000, now.wall), sequence: sequence,
      count: 0, timeout: random.chance(50) ? 0 : 1 + random.below(20),
      scheduledAt: origin == 1 ? seconds : max(seconds, now.wallSeconds), origin: UInt8(origin),
      asked: seconds, isTransient: transient)
  }

  /// Why a job cannot be added, or changed to this; `nil` if it can, or runs already.
  func roomRefusal(_ key: KeyName, _ version: ModelJob.Version) -> String? {
    let known = job(key)
    if known?.state == .running { return nil }
    let own = jobs.filter { $0.key.function == key.function }
    if known == nil {
      if jobs.count >= limits.jobs { return "limit jobs" }
      if own.count >= limits.functionJobs { return "limit function_jobs" }
    }
    let growth = version.workload.utf8.count + key.name.utf8.count - (known?.byteCount ?? 0)
    if growth > 0 {
      let bytes = { (jobs: [ModelJob]) in jobs.reduce(0) { $0 + $1.byteCount } }
      if bytes(jobs) + growth > limits.bytes { return "limit bytes" }
      if bytes(own) + growth > limits.functionBytes { return "limit function_bytes" }
    }
    return known == nil && isFunctionRefused(key.function) ? "limit functions" : nil
  }

  func modelSubmits(_ key: KeyName, _ version: ModelJob.Version) {
    guard let job = job(key) else { return add(key, version) }
    if job.state != .running { return replace(key, version) }
    if job.isTransient || !job.staged.isEmpty { keep(key) }
  }

  /// A job that runs, and that no store has for sure, is stored as it is.
  private func keep(_ key: KeyName) {
    guard let job = job(key) else { return }
    if isDurable {
      let kept = ModelJob.Staged(batch: batchNumber, before: job.version, keepsFields: true)
      update(key) { $0.staged.append(kept) }
    }
    update(key) { $0.version.isTransient = false }
    promise(key, job.version.workload, isPut: true)
  }

  func add(_ key: KeyName, _ version: ModelJob.Version) {
    functions.insert(key.function)
    jobs.append(ModelJob(key: key, version: version))
    observe("pushJob:\(key.function):0")
    if version.isTransient || !isDurable { return }
    update(key) { job in
      job.staged.append(.init(batch: batchNumber))
      job.state = .staged
    }
    promise(key, version.workload, isPut: true)
  }

  /// A new version of a job that nobody runs; it leaves a lock's queue (PROTOCOL 2.2).
  func replace(_ key: KeyName, _ version: ModelJob.Version) {
    guard let old = job(key) else { return }
    observe("pushJob:\(key.function):0")
    releaseAll(key)
    var version = version
    let isAwaited = version.isTransient
    version.isTransient = version.isTransient && old.isTransient
    let isStored = isDurable && !version.isTransient
    update(key) { job in
      if isStored {
        let staged = ModelJob.Staged(
          batch: batchNumber, before: old.version, isAwaited: isAwaited)
        job.staged.append(staged)
      }
      job.version = version
      job.runs = []
      job.state = isStored ? .staged : .waiting
    }
    if isStored { promise(key, version.workload, isPut: true) }
  }

  private func remove() {
    guard let peer = anyPeer() else { return }
    let key = anyKey()
    var expected = "no such job"
    if let job = job(key) {
      expected = "success"
      observe("removeJob:\(key.function):0")
      if !job.isTransient { promise(key, nil, isPut: false) }
      vanish(key, saying: "data removed")
    }
    log("remove \(key): \(expected)")
    send(key, peer, expecting: expected, promise: true) { key, _ in .remove(key) }
  }

  private func drop() {
    guard let peer = anyPeer() else { return }
    let function = random.pick(functionNames)
    let isServed = peers.contains { $0.functions.contains(function) }
    log("drop \(function)\(isServed ? ", which has workers" : "")")
    // What has run out already may come before what the drop leaves to be done.
    leavesWork = nextExpiry() == nil && random.chance(50)
    if !isServed {
      for job in jobs where job.key.function == function {
        if !job.isTransient { promise(job.key, nil, isPut: false) }
        vanish(job.key, saying: "data removed", freesLocks: !leavesWork)
        if leavesWork { unfreed.append(job.key) }
        if leavesWork, job.staged.contains(where: \.isAwaited) { noteRefusable(job.key) }
      }
      for listener in waiters where listener.key.function == function {
        answer(listener, "data EOF")
      }
      waiters.removeAll { $0.key.function == function }
      functions.remove(function)
    }
    let name = KeyName(function: function, name: "")
    send(name, peer, expecting: "success", promise: true) { key, _ in
      .drop(function: key.function)
    }
  }

  /// Before the slice in which the job goes, its batch may fail: then the run was refused.
  private func noteRefusable(_ key: KeyName) {
    for index in expected.indices where expected[index].key == key && expected[index].isResult {
      expected[index].alternative = "the store cannot write; nothing was changed"
    }
  }

  func anyPeer() -> Int? {
    let open = peers.indices.filter { peers[$0].isOpen }
    return open.isEmpty ? nil : random.pick(open)
  }

  func anyWorker() -> Int? {
    let workers = peers.indices.filter { peers[$0].isOpen && peers[$0].isWorker }
    return workers.isEmpty ? nil : random.pick(workers)
  }

  func anyKey() -> KeyName {
    KeyName(function: random.pick(functionNames), name: "n\(random.below(nameCount))")
  }

  func isFunctionRefused(_ function: String) -> Bool {
    !functions.contains(function) && functions.count >= limits.functions
  }

  func job(_ key: KeyName) -> ModelJob? { jobs.first { $0.key == key } }

  func update(_ key: KeyName, _ change: (inout ModelJob) -> Void) {
    guard let index = jobs.firstIndex(where: { $0.key == key }) else { return }
    change(&jobs[index])
  }

  /// Notes that the reply to come promises this outcome.
  func promise(_ key: KeyName, _ outcome: String?, isPut: Bool) {
    guard isDurable else { return }
    let change = history.record(key, outcome)
    held.append(Promise(batch: batchNumber, key: key, change: change, isPut: isPut))
  }
}
