import Glibc
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance

/// Writes until the system lets no file grow any more, and checks what a full disk must leave.
///
/// The limit on the size of a file stands in for a disk: the system's calls fail in the same way.
struct Filler {
  private let store: SQLiteStore
  private let path: String

  init(path: String) {
    self.path = path
    store = SQLiteStore(path: path)
  }

  func fill() throws(StoreError) {
    signal(SIGXFSZ, SIG_IGN)
    try store.open()
    limit(1 << 20)
    var kept: UInt64 = 0
    var refusal: StoreError?
    while refusal == nil {
      refusal = attempt(kept + 1)
      if refusal == nil { kept += 1 }
    }
    if refusal?.code != .full { throw refusal ?? StoreError(.failed, "no refusal") }
    // It stays full, and stays in order, however often it is asked.
    for _ in 1...5 where attempt(kept + 1)?.code != .full {
      throw StoreError(.failed, "a batch was taken though there is no room")
    }
    limit(rlim_t.max)
    if let refusal = attempt(kept + 1) { throw refusal }
    store.close()
    try check(kept + 1)
    say("full after \(kept) batches, and works again")
  }

  private func attempt(_ number: UInt64) -> StoreError? {
    let row = StoreContent.Row(number, workload: String(repeating: "w", count: 20_000))
    do throws(StoreError) {
      try store.apply(StoreBatch { $0.put(row) })
      return nil
    } catch {
      return error
    }
  }

  private func check(_ count: UInt64) throws(StoreError) {
    try store.open()
    let rows = try StoreContent(loading: store).rows
    store.close()
    if rows.map(\.id) != Array(1...count) || rows.contains(where: { $0.workload.count != 20_000 }) {
      throw StoreError(.corrupt, "the jobs are not those that were kept")
    }
  }

  private func limit(_ bytes: rlim_t) {
    var limit = rlimit(rlim_cur: bytes, rlim_max: .max)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
  }
}
