import PeriodicCore
import PeriodicEngine
import PeriodicStore

/// CONFIG_GET, CONFIG_SET (PROTOCOL 2.9), and the listing that DUMP is made of (2.10).
extension EngineWorld {
  /// Jobs listed so far, by a cursor that goes on while the jobs change.
  struct Listing {
    var position: JobPosition
    /// Jobs that have been there all the time.
    var stable: [KeyName]
    var shown: [KeyName] = []
  }

  private static let defaults = [
    "timeout": 600, "lock-timeout": 300, "assign-wait": 2, "keepalive": 120,
    "max-batch-size": 500, "max-pool-size": 2, "run-job-aggressive": 0,
  ]
  private static let least = ["assign-wait": 1, "max-batch-size": 4, "max-pool-size": 1]

  /// What a setting is now; 0 for one that nobody knows.
  func setting(_ key: String) -> Int { settings[key] ?? EngineWorld.defaults[key] ?? 0 }

  func useSettings() {
    guard let peer = anyPeer() else { return }
    let key = random.pick([
      "timeout", "lock-timeout", "lock-timeout", "assign-wait", "keepalive", "max-batch-size",
      "max-pool-size", "run-job-aggressive", "poll-interval",
    ])
    let name = KeyName(function: key, name: "")
    if random.chance(50) {
      log("\(peer) reads \(key)")
      return send(name, peer, expecting: "setting \(setting(key))") { key, _ in
        .getSetting(key: key.function)
      }
    }
    set(key, random.below(20), by: peer)
  }

  func set(_ key: String, _ value: Int, by peer: Int) {
    log("\(peer) sets \(key) to \(value)")
    if EngineWorld.defaults[key] != nil {
      settings[key] = max(value, EngineWorld.least[key] ?? 0)
      promise(ModelStore.settingKey(key), String(setting(key)), isPut: false)
    }
    let name = KeyName(function: key, name: "")
    send(name, peer, expecting: "success", promise: true) { name, _ in
      .setSetting(key: name.function, value: UInt32(value))
    }
  }

  /// Begins a listing of all jobs, or takes the next piece of it.
  func list() {
    var listing = listing ?? Listing(position: .start, stable: listed.map { $0.key })
    var shown: [KeyName] = []
    let next = engine.forEachJob(from: listing.position, atMost: 1 + random.below(20)) {
      job, isRunning in
      switch job {
      case .here(let assignment):
        let key = KeyName(
          function: assignment.job.key.function.text, name: assignment.job.key.name.text)
        shown.append(key)
        check(assignment.job, isRunning, key)
      case .away(let ticket, let names):
        let key = KeyName(function: names.function.text, name: names.name.text)
        shown.append(key)
        checkAway(ticket, isRunning, key)
      }
    }
    listing.shown += shown
    if let next {
      listing.position = next
      self.listing = listing
      return
    }
    for key in listing.stable {
      let count = listing.shown.filter { $0 == key }.count
      expect(count == 1, "2.10: \(key) is listed \(count) times")
    }
    log("listed \(listing.shown.count) jobs")
    self.listing = nil
  }

  /// A job that only the store has, as far as that is known to be up to date.
  private func checkAway(_ ticket: ReadTicket, _ isRunning: Bool, _ key: KeyName) {
    guard let job = listed.first(where: { $0.key == key }) else {
      fail("2.10: \(key) is listed, though it is gone")
    }
    if job.staged.contains(where: { !$0.keepsFields }) { return }
    var isThere = false
    store.read(ticket.id) { stored in
      isThere = true
      if inFlight == nil, collecting.isEmpty { check(stored.job, isRunning, key) }
    }
    expect(isThere, "E1: \(key) is neither here nor in the store")
  }

  /// Jobs that a listing shows: all but those that no batch has made durable.
  private var listed: [ModelJob] { jobs.filter { !$0.isUnborn } }

  private func check(_ shown: JobFields, _ isRunning: Bool, _ key: KeyName) {
    guard let job = listed.first(where: { $0.key == key }) else {
      fail("2.10: \(key) is listed, though it is gone")
    }
    expect(shown.workload.text == job.version.workload, "2.10: the workload of \(key)")
    expect(Int(shown.count) == job.version.count, "2.10: the count of \(key)")
    expect(Int(shown.timeout) == job.version.timeout, "2.10: the timeout of \(key)")
    expect(shown.scheduledAt == job.version.scheduledAt, "2.10: the time of \(key)")
    expect(isRunning == (job.state == .running), "2.10: whether \(key) runs")
  }

  /// A job that goes, or is there again, need not be listed.
  func forgetInListing(_ key: KeyName) { listing?.stable.removeAll { $0 == key } }
}
