import Glibc
import PeriodicStore

/// What an open store owns.
final class Opened {
  /// Given up first: the file is closed while the lock still stands. nil while it could not be
  /// opened again.
  private(set) var database: JobDatabase?
  /// Given up before the database, which it reads.
  var backup: Backup?
  let lock: StoreLock
  let process: pid_t
  private let location: StoreLocation
  private let options: SQLiteStore.Options
  private let reserve: Reserve
  private var hasReserve = false
  /// Seconds of the monotonic clock; no attempt to make the reserve before.
  private var nextAttempt = 0

  init(
    _ location: StoreLocation, _ options: SQLiteStore.Options, _ reserve: Reserve
  ) throws(StoreError) {
    let lock = try StoreLock(location.lockPath)
    do throws(StoreError) {
      database = try JobDatabase(location, options)
    } catch {
      lock.release()
      throw error
    }
    self.lock = lock
    self.location = location
    self.options = options
    self.reserve = reserve
    process = getpid()
  }

  /// The database, which is opened anew if a sync of it has failed: then it is as the one before
  /// that left it.
  func working() throws(StoreError) -> JobDatabase {
    if let database {
      guard database.log?.hasFailed == true else { return database }
      backup = nil
      try database.giveUp()
      self.database = nil
    }
    let opened = try JobDatabase(location, options)
    database = opened
    return opened
  }

  /// Closes the file; it keeps nothing that a failed sync left behind.
  func close() {
    backup = nil
    if let database {
      try? database.endCommit()
      if database.log?.hasFailed == true { try? database.giveUp() }
    }
    database = nil
    lock.release()
  }

  /// Makes the reserve if there is none; looked at every ten seconds.
  ///
  /// A store without one works all the same.
  func keepReserve() {
    guard !hasReserve else { return }
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    guard time.tv_sec >= nextAttempt else { return }
    nextAttempt = time.tv_sec + 10
    try? makeReserve()
  }

  func makeReserve() throws(StoreError) {
    try reserve.make()
    hasReserve = true
  }

  func giveUpReserve() {
    hasReserve = false
    _ = reserve.giveUp()
  }
}
