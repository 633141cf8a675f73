import PeriodicCore
import PeriodicStore
import Testing

@testable import PeriodicServer

@Suite struct `The health of a store` {
  private let full = StoreError(.full, "no room")
  private let broken = StoreError(.failed, "I/O error")

  private func health(
    after error: StoreError, times: Int = 1, isRefusable: Bool = true
  ) -> StoreHealth {
    var health = StoreHealth()
    for number in 0..<times { health.failed(error, isRefusable: isRefusable, at: Int64(number)) }
    return health
  }

  @Test func `refuses jobs at once when it is full, and lets the rest of a batch go on`() {
    var health = health(after: full)
    #expect(health.state == .full && health.refusal == .storeFull)
    let isAdmitted = health.admitsBatch(at: 0)
    #expect(isAdmitted)
    health.wrote(isRefusable: false, at: 1)
    #expect(health.state == .full)
  }

  @Test func `pauses when not even the end of a job fits`() {
    var health = health(after: full, isRefusable: false)
    let admitted = [0, 1000].map { health.admitsBatch(at: $0) }
    #expect(admitted == [false, true])
  }

  @Test func `refuses nothing while it fails for the first times`() {
    let health = health(after: broken, times: StoreHealth.patience - 1)
    #expect(health.state == .failing && health.refusal == nil && health.cause == broken)
  }

  @Test func `is read-only after several failures`() {
    let health = health(after: broken, times: StoreHealth.patience)
    #expect(health.state == .readOnly && health.refusal == .storeReadOnly)
  }

  @Test(arguments: [StoreError.Code.corrupt, .denied])
  func `is read-only at once where trying again promises little`(code: StoreError.Code) {
    #expect(health(after: StoreError(code, "")).state == .readOnly)
  }

  @Test func `pauses longer after each failure, a second at most`() {
    var health = StoreHealth()
    var pauses: [Int64] = []
    for _ in 0..<9 {
      health.failed(broken, isRefusable: true, at: 0)
      pauses.append(health.pausedUntil ?? -1)
    }
    #expect(pauses == [20, 40, 80, 160, 320, 640, 1000, 1000, 1000])
  }

  @Test(arguments: [StoreError.Code.full, .failed, .denied])
  func `works again when a probe says so, and when a batch with jobs does`(code: StoreError.Code) {
    for isProbe in [true, false] {
      var health = health(after: StoreError(code, ""), times: StoreHealth.patience)
      if isProbe { health.probed(nil, at: 9) } else { health.wrote(isRefusable: true, at: 9) }
      #expect(health.state == .working && health.cause == nil && health.wakeAt == nil)
    }
  }

  @Test func `asks one probe at a time, in its time`() {
    var health = health(after: full)
    let taken = [499, 500, 5000].map { health.takeProbe(at: $0, hasBatch: $0 == 500) }
    #expect(taken == [false, true, false] && health.wakeAt == nil)
    health.probed(full, at: 5000)
    #expect(health.state == .full && health.wakeAt == 5500)
  }

  @Test func `takes a batch that waits for a probe, unless it is full`() {
    var health = health(after: broken)
    let isTaken = health.takeProbe(at: 20, hasBatch: true)
    let isAdmitted = health.admitsBatch(at: 20)
    // It is looked at again later, not at once.
    #expect(!isTaken && isAdmitted && health.wakeAt == 40)
  }

  @Test(arguments: [StoreError.Code.full, .corrupt])
  func `looks less often when the last recovery did not last`(code: StoreError.Code) {
    let error = StoreError(code, "")
    var health = StoreHealth()
    var time: Int64 = 0
    var pauses: [Int64] = []
    for _ in 0..<7 {
      health.failed(error, isRefusable: true, at: time)
      // Ends may go before that.
      _ = health.admitsBatch(at: time + 1000)
      pauses.append((health.wakeAt ?? 0) - time)
      time = health.wakeAt ?? 0
      health.probed(nil, at: time)
    }
    #expect(pauses == [500, 1000, 2000, 4000, 8000, 10_000, 10_000])
    time += 60_000
    health.failed(error, isRefusable: true, at: time)
    _ = health.admitsBatch(at: time + 1000)
    #expect(health.wakeAt == time + 500)
  }
}
