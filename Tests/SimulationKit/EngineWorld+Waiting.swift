import PeriodicCore
import PeriodicEngine

/// RUN_JOB, RECV_DATA and WORK_DATA (PROTOCOL 2.5).
extension EngineWorld {
  func runJob() {
    guard let peer = anyPeer() else { return }
    let key = workedKey()
    let message = waiterMessage(peer)
    let version = anyVersion(peer, transient: true)
    let expected = waiterRefusal(key, peer, message) ?? roomRefusal(key, version)
    log("\(peer) runs \(key) as \(message): \(expected ?? "waits")")
    if expected == nil {
      if let job = job(key) {
        if job.state != .running { replace(key, version) }
      } else {
        add(key, version)
      }
      wait(peer, message, key, version.timeout, isListener: false)
    }
    send(key, version, peer, message: message, expecting: expected) { .run($0) }
  }

  func receiveData() {
    guard let peer = anyPeer() else { return }
    let key = workedKey()
    let message = waiterMessage(peer)
    let version = anyVersion(peer)
    let refusal = waiterRefusal(key, peer, message)
    log("\(peer) listens to \(key) as \(message): \(refusal ?? "success")")
    // The request's own reply comes before anything that is heard under its id.
    if refusal == nil { wait(peer, message, key, version.timeout, isListener: true) }
    send(key, version, peer, message: message, expecting: refusal ?? "success") {
      .receiveData($0)
    }
  }

  /// Mostly a job that runs, or whose function has workers.
  private func workedKey() -> KeyName {
    let running = jobs.filter { $0.state == .running }
    if !running.isEmpty, random.chance(30) { return random.pick(running).key }
    let key = anyKey()
    return hasWorker(key.function) || random.chance(30) ? key : anyKey()
  }

  /// A fresh id, or now and then one that is waited under already.
  private func waiterMessage(_ peer: Int) -> UInt64 {
    nextMessage += 1
    let used = waiters.filter { $0.peer == peer }
    return used.isEmpty || random.chance(95) ? nextMessage : random.pick(used).message
  }

  private func waiterRefusal(_ key: KeyName, _ peer: Int, _ message: UInt64) -> String? {
    let mine = waiters.filter { $0.peer == peer }
    if mine.count >= limits.waitersPerConnection { return "limit waiters_per_connection" }
    if mine.contains(where: { $0.message == message }) { return "message id is in use" }
    return hasWorker(key.function) ? nil : "no worker"
  }

  private func wait(
    _ peer: Int, _ message: UInt64, _ key: KeyName, _ timeout: Int, isListener: Bool
  ) {
    let seconds = timeout <= 0 ? 60 : timeout
    waiters.append(
      ModelWaiter(
        peer: peer, message: message, key: key, deadline: now.monotonic + Int64(seconds) * 1000,
        isListener: isListener))
  }

  func workData() {
    guard let (any, named) = anyRun() else { return }
    // Mostly something that somebody listens to.
    let heard = waiters.filter { $0.isListener && job($0.key)?.isHeld == true }
    let key = heard.isEmpty || random.chance(30) ? named : random.pick(heard).key
    let holder = job(key)?.runs.first { $0.isHeld }?.peer
    let peer = key == named ? any : holder ?? any
    let chunk = random.chance(5) ? "EOF" : "chunk \(steps)"
    log("\(peer) sends \(chunk) of \(key)")
    let reference = job(key)?.id
    accept(key, peer)
    if job(key)?.holds(peer) == true {
      for listener in waiters where listener.key == key && listener.isListener {
        answer(listener, "data \(chunk)")
      }
    }
    let byNumber = peers[peer].generation == 1 && random.chance(80)
    send(key, body: chunk, peer, expecting: "success") { key, data in
      let run =
        byNumber ? reference.map { RunReference.id(JobID($0)) } ?? .key(key) : .key(key)
      return .workData(run, data: data)
    }
  }

  /// Every RUN_JOB that waits for the job gets its answer.
  func answerRunners(
    of key: KeyName, _ text: String, promise: Bool = false, isAlone: Bool = false
  ) {
    for waiter in waiters where waiter.key == key && !waiter.isListener {
      answer(waiter, text, promise: promise, isAlone: isAlone)
    }
    waiters.removeAll { $0.key == key && !$0.isListener }
  }

  /// `isAlone`: what is said comes of the waiter's own deadline, or of a store that failed, in no
  /// order with others.
  func answer(
    _ waiter: ModelWaiter, _ text: String, promise: Bool = false, isAlone: Bool = false
  ) {
    log("\(waiter.peer) shall hear \(text) under \(waiter.message)")
    expected.append(
      Expected(
        peer: waiter.peer, message: waiter.message, text: text, key: isAlone ? nil : waiter.key,
        isResult: !waiter.isListener, isPromise: promise && isDurable))
  }

  /// A waiter's own deadline: only a transient job goes, and only with the last who asked for it.
  func expire(_ waiter: ModelWaiter) {
    let others = waiters.filter {
      $0.key == waiter.key && !$0.isListener && $0.message != waiter.message
    }
    if !waiter.isListener, others.isEmpty, job(waiter.key)?.isTransient == true {
      return vanish(waiter.key, saying: "data expired")
    }
    waiters.removeAll { $0.message == waiter.message }
    answer(waiter, waiter.isListener ? "data EOF" : "data expired", isAlone: true)
  }
}
