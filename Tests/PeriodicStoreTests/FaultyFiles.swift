import CFaultVFS
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance

/// A scratch directory on a file system that fails on command, and stores in it.
final class FaultyFiles {
  let scratch = ScratchDirectory()
  private let vfs: OpaquePointer
  private let name: String

  init() {
    let name = "faulty \(UInt64.random(in: 0 ... .max))"
    guard let vfs = fault_vfs_make(name) else { fatalError("no file system for the test") }
    self.vfs = vfs
    self.name = name
  }

  deinit { fault_vfs_free(vfs) }

  var faults: Int { fault_vfs_faults(vfs) }
  var syncs: Int { fault_vfs_syncs(vfs) }
  var logWrites: Int { fault_vfs_log_writes(vfs) }

  /// A store that spills its cache and moves its log early, so that more calls happen.
  func store(
    _ sync: StoreSync = .always, reserveBytes: Int = 0, formatSteps: [String] = [],
    cacheBytes: Int = 64 << 10, slackBytes: Int? = nil
  ) -> SQLiteStore {
    var options = SQLiteStore.Options()
    options.vfs = name
    options.cacheBytes = cacheBytes
    options.checkpointPages = 12
    options.sync = sync
    options.reserveBytes = reserveBytes
    options.formatSteps = formatSteps
    if let slackBytes { options.slackBytes = slackBytes }
    return SQLiteStore(path: scratch.file("jobs.db"), options: options)
  }

  func arm(_ kind: fault_kind, at call: Int, isLasting: Bool) {
    fault_vfs_arm(vfs, kind, call, isLasting ? 1 : 0)
  }

  /// Writes find no room while there is a file `name`.
  func fill(while name: String) { fault_vfs_full_while(vfs, scratch.file(name)) }

  func disarm() { fault_vfs_disarm(vfs) }

  /// What the file holds, read without faults.
  func content() throws -> StoreContent {
    disarm()
    let store = store()
    try store.open()
    defer { store.close() }
    return try StoreContent(loading: store)
  }
}
