import PeriodicCore
import PeriodicEngine

/// Requests that wait, locks, broadcast and settings, in the bench's words.
extension EngineBench {
  /// RUN_JOB under this message id.
  func run(
    _ name: String, _ message: UInt64 = 7, of function: String = "f", by peer: String = "client",
    in delay: Int64 = 0, workload: String = "", timeout: Int32 = 0
  ) {
    if !isOpen(peer) { open(peer) }
    with(function, name, workload) { key, body in
      let job = JobFields(
        key: key, workload: body, scheduledAt: now.wallSeconds + delay, timeout: timeout)
      handle(.run(job), peer, message)
    }
  }

  /// RECV_DATA under this message id.
  func listen(
    _ name: String, _ message: UInt64 = 8, of function: String = "f", by peer: String = "client",
    timeout: Int32 = 0
  ) {
    if !isOpen(peer) { open(peer) }
    with(function, name, "") { key, _ in
      handle(.receiveData(JobFields(key: key, timeout: timeout)), peer, message)
    }
  }

  func data(_ data: String, of name: String, by peer: String, _ message: UInt64 = 53) {
    with("f", name, data) { key, data in handle(.workData(.key(key), data: data), peer, message) }
  }

  /// What ACQUIRE is answered.
  func acquire(
    _ lock: String, _ capacity: UInt16 = 1, for name: String, of function: String = "f",
    by peer: String
  ) -> String {
    let before = takeSaid()
    with(function, name, lock) { key, lock in
      handle(.acquire(lock: lock, capacity: capacity, .key(key)), peer, 54)
    }
    let answer = said.first { $0.hasPrefix("\(peer)/54: ") }?.dropFirst(peer.utf8.count + 5)
    said.removeAll { $0.hasPrefix("\(peer)/54: ") }
    said.insert(contentsOf: before, at: 0)
    return answer.map(String.init) ?? "nothing"
  }

  func release(_ lock: String, for name: String, by peer: String) {
    with("f", name, lock) { key, lock in
      handle(.release(lock: lock, .key(key)), peer, 55)
    }
  }

  func broadcaster(
    _ name: String, grabs: Int = 1, _ traits: SessionTraits = .generation2
  ) {
    open(name, traits)
    withBytes(of: "f") { handle(.broadcast(function: $0), name) }
    for grab in 0..<grabs { self.grab(name, UInt64(grab + 1)) }
    _ = takeSaid()
  }

  func set(_ key: String, _ value: UInt32, by peer: String = "client") {
    if !isOpen(peer) { open(peer) }
    withBytes(of: key) { handle(.setSetting(key: $0, value: value), peer, 56) }
  }

  func get(_ key: String, by peer: String = "client") -> String {
    if !isOpen(peer) { open(peer) }
    _ = takeSaid()
    withBytes(of: key) { handle(.getSetting(key: $0), peer, 57) }
    return takeSaid().joined()
  }

  /// What this peer has heard since last asked, without what others have.
  func takeHeard(_ peer: String = "client") -> [String] {
    takeSaid().filter { $0.hasPrefix("\(peer)/") }.map { String($0.dropFirst(peer.utf8.count + 1)) }
  }
}
