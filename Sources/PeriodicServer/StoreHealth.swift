public import PeriodicCore
public import PeriodicStore

/// How a server's store does: what each answer of the store makes of it, what is refused meanwhile,
/// and when the store is tried again.
///
/// Nothing is given up here but jobs that nobody was promised: ends, removes and settings stay in
/// the commit gate until they are written, within the gate's bounds.
public struct StoreHealth: Sendable {
  public enum State: String, Equatable, Sendable {
    case working
    /// No room: jobs are refused; what ends and removes them still fits into what the store keeps
    /// free for it.
    case full
    /// A write failed. Nothing is refused but the jobs that were in it.
    case failing
    /// Writes fail again and again, or the file is damaged or may not be written: jobs are refused
    /// at once.
    case readOnly = "read-only"
  }

  public private(set) var state = State.working
  /// What the store said last; nil while it works.
  public private(set) var cause: StoreError?
  /// Attempts that failed one after the other.
  private(set) var failures = 0
  /// No batch goes to the store before this time.
  private(set) var pausedUntil: Int64?
  /// When the store is asked whether it can write, if no batch tells.
  private var probeAt: Int64?
  private var isProbing = false
  /// Milliseconds until a probe: more when the last recovery did not last, so that a store that can
  /// write, but not what it is given, does not fill the log.
  private var probePause = StoreHealth.shortestProbePause
  private var recoveredAt: Int64?

  /// Failures in a row that make a store read-only: about 0.3 s.
  static let patience = 5
  static let shortestProbePause: Int64 = 500
  static let longestProbePause: Int64 = 10_000
  /// The longest pause, in milliseconds.
  static let longestPause: Int64 = 1000

  /// Why no job is taken at present; `nil` if jobs are taken.
  public var refusal: Refusal? {
    switch state {
    case .working, .failing: nil
    case .full: .storeFull
    case .readOnly: .storeReadOnly
    }
  }

  /// When something is to be tried; `nil` if nothing is.
  var wakeAt: Int64? {
    let probe = isProbing ? nil : probeAt
    guard let pausedUntil else { return probe }
    return min(pausedUntil, probe ?? .max)
  }

  /// Whether a batch may go to the store.
  mutating func admitsBatch(at time: Int64) -> Bool {
    if let pausedUntil, time < pausedUntil { return false }
    pausedUntil = nil
    return true
  }

  /// Whether the store shall be asked now. A batch that waits tells as much, except in a full
  /// store, where batches without jobs succeed.
  mutating func takeProbe(at time: Int64, hasBatch: Bool) -> Bool {
    guard let due = probeAt, due <= time, !isProbing else { return false }
    if hasBatch, state != .full {
      probeAt = time.addingSaturated(pause)
      return false
    }
    isProbing = true
    return true
  }

  /// A batch has been written.
  mutating func wrote(isRefusable: Bool, at time: Int64) {
    if state != .full || isRefusable { return recover(at: time) }
    failures = 0
    pausedUntil = nil
  }

  /// A batch could not be written.
  mutating func failed(_ error: StoreError, isRefusable: Bool, at time: Int64) {
    note(error, at: time)
    // Without its jobs it may fit.
    pausedUntil = state == .full && isRefusable ? nil : time.addingSaturated(pause)
  }

  /// The store has said whether it could write.
  mutating func probed(_ failure: StoreError?, at time: Int64) {
    isProbing = false
    guard let failure else { return recover(at: time) }
    note(failure, at: time)
  }

  private mutating func note(_ error: StoreError, at time: Int64) {
    if state == .working { setProbePause(at: time) }
    cause = error
    failures += 1
    switch error.code {
    case .full: state = .full
    case .corrupt, .denied: state = .readOnly
    case .busy, .failed:
      let isOver = state == .readOnly || failures >= StoreHealth.patience
      state = isOver ? .readOnly : .failing
    }
    let isPassing = state == .failing && probePause == StoreHealth.shortestProbePause
    probeAt = time + (isPassing ? pause : max(pause, probePause))
  }

  /// Each failure doubles the pause.
  private var pause: Int64 { min(StoreHealth.longestPause, 10 << Int64(min(failures, 7))) }

  private mutating func setProbePause(at time: Int64) {
    let isRelapse = recoveredAt.map { time - $0 < 2 * StoreHealth.longestProbePause } ?? false
    probePause =
      isRelapse
      ? min(2 * probePause, StoreHealth.longestProbePause) : StoreHealth.shortestProbePause
  }

  private mutating func recover(at time: Int64) {
    if state != .working { recoveredAt = time }
    state = .working
    cause = nil
    failures = 0
    pausedUntil = nil
    probeAt = nil
  }
}
