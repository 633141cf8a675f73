import PeriodicCore
import PeriodicEngine

/// What hooks are told (PROTOCOL 2.12).
extension ServerCore {
  func note(_ event: EngineEvent) {
    observer?(event)
    guard let most = configuration.metrics else { return }
    // Jobs come first: metrics are what goes when the store has much to do.
    if health.state == .working, gate.metrics < most, gate.load(configuration.limits) < 0.5 {
      let seconds = Now(monotonic: 0, wall: engine.wallTime).wallSeconds
      gate.append(.addMetric(event, at: seconds))
    } else {
      droppedMetrics += 1
    }
  }
}
