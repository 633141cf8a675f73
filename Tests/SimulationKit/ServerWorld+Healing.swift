import PeriodicCore
import PeriodicServer
import PeriodicWire

/// The end of a run of the simulator.
extension ServerWorld {
  /// Ends the faults and demands that every job is run to its end and every request answered: also
  /// those of the clients that are there still.
  func heal() {
    isHealed = true
    log("heal")
    if isEnding { for _ in 0..<50 where isEnding { settle() } }
    isEnding = false
    for peer in peers where peer.isOpen && (peer.isWorker || peer.hasEnded) { lose(peer) }
    let clients = peers.filter { $0.isOpen }
    openPeer(isWorker: true, .two)
    guard let worker = peers.last else { return }
    for _ in 0..<400 {
      settle()
      while !worker.held.isEmpty { report(worker, 0, kind: 0) }
      if worker.isOpen, worker.grabs.isEmpty { worker.send(.grab(confirms: true), as: .grab) }
    }
    expect(worker.isOpen, "progress: the worker's connection stands")
    for peer in clients + [worker] {
      expect(peer.outstanding.isEmpty, "E5: \(peer.number)'s \(peer.outstanding) is never answered")
    }
    expect(store.rows.isEmpty, "progress: \(store.rows.count) jobs are left")
    core.stop(at: now)
    for _ in 0..<20 where !hasStopped {
      pass(100)
      turn()
    }
    expect(hasStopped && !worker.isOpen, "a stop ends and closes everything")
  }

  private func settle() {
    pass(200)
    turn()
    drain()
    if isEnding, hasStopped { startAgain() }
  }
}
