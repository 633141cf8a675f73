import PeriodicCore
import PeriodicServer
import PeriodicStore

/// A server core with connections whose bytes are kept: what came out of each, and which are
/// closed.
///
/// Time passes only when it is told to; a store answers only when it is told to.
public final class SessionBench {
  public private(set) var outputs: [[UInt8]] = []
  public private(set) var isClosed: [Bool] = []

  private var core: ServerCore
  private var sessions: [Session?] = []
  /// Whose peer has said its last.
  private var hasEnded: [Bool] = []
  private var now = Now(monotonic: 5000, wall: 1_700_000_000_000)
  private var wakeAt = Int64.max
  private let store = MemoryStore()
  private var flying: [StoreBatch] = []
  private var reads: [StoreRead] = []
  private var isProbed = false
  private var mustFail = false

  public init(isDurable: Bool) {
    var limits = Limits()
    limits.frameBytes = frameLimit
    core = ServerCore(ServerConfiguration(limits: limits, isDurable: isDurable))
    inStore { try store.open() }
    core.storeReady(at: now)
    settle()
  }

  /// A new connection; its number. One that a stopped server does not take is closed from the
  /// beginning.
  public func open() -> Int {
    let session = core.open(at: now)
    session?.connection = Place(sessions.count)
    sessions.append(session)
    outputs.append([])
    isClosed.append(session == nil)
    hasEnded.append(false)
    return sessions.count - 1
  }

  public func receive(_ bytes: ArraySlice<UInt8>, on connection: Int) {
    guard !isClosed[connection], !hasEnded[connection], let session = sessions[connection] else {
      return
    }
    // A copy of exactly these bytes: the sanitizer sees a read behind them.
    Array(bytes).withUnsafeBytes { core.receive($0, on: session, at: now) }
  }

  /// The peer has said its last.
  public func end(_ connection: Int) {
    guard !isClosed[connection], !hasEnded[connection], let session = sessions[connection] else {
      return
    }
    hasEnded[connection] = true
    core.receivedEnd(on: session, at: now)
  }

  /// The connection is lost.
  public func lose(_ connection: Int) {
    guard !isClosed[connection], let session = sessions[connection] else { return }
    isClosed[connection] = true
    core.closed(session, at: now)
  }

  /// Turns until nothing is left to do.
  public func turn() {
    repeat {
      if wakeAt <= now.monotonic {
        wakeAt = .max
        core.tick(at: now)
      }
      core.endOfTurn(at: now) { carryOut($0) }
    } while core.hasMoreWork || wakeAt <= now.monotonic
  }

  /// Turns, and the store answers for everything it is given.
  public func settle() {
    turn()
    while answer() { turn() }
    core.checkInvariants(at: now)
  }

  /// The store answers for one thing that it was given; whether there was any.
  private func answer() -> Bool {
    if !flying.isEmpty {
      let batches = flying
      flying = []
      if mustFail {
        mustFail = false
        core.storeFailed(StoreError(.full, "as the script says"), at: now)
      } else {
        for batch in batches { inStore { try store.apply(batch) } }
        core.stored(batches.count, at: now)
      }
    } else if !reads.isEmpty {
      let read = reads.removeFirst()
      let rows = StoreBatch()
      inStore { try store.read(read.ids) { rows.append(.put($0)) } }
      core.wasRead(read, rows: rows, failure: nil, at: now)
    } else if isProbed {
      isProbed = false
      core.probed(nil, at: now)
    } else {
      return false
    }
    return true
  }

  private func inStore(_ body: () throws -> Void) {
    do { try body() } catch { expect(false, "a store in memory: \(error)") }
  }

  /// The store will refuse the batches that it is given next.
  public func failStore() { mustFail = true }

  public func pass(_ milliseconds: Int64) {
    let end = now.monotonic + milliseconds
    while now.monotonic < end {
      let step = max(1, min(wakeAt, end) - now.monotonic)
      now.monotonic += step
      now.wall += step
      if wakeAt <= now.monotonic { turn() }
    }
  }

  private func carryOut(_ action: ServerAction) {
    switch action {
    case .write(let session):
      guard let place = session.connection as? Place else { return }
      while !session.output.isEmpty {
        if !isClosed[place.number] { outputs[place.number] += Array(session.output) }
        session.wrote(session.output.count)
      }
    case .close(let session):
      guard let place = session.connection as? Place else { return }
      isClosed[place.number] = true
    case .apply(let batch):
      flying.append(batch)
    case .read(let read): reads.append(read)
    case .probe: isProbed = true
    case .wake(let time): wakeAt = time
    default: break
    }
  }

  private final class Place {
    let number: Int
    init(_ number: Int) { self.number = number }
  }
}
