import Glibc
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance

/// Opens a store, makes a child by `fork`, lets that close its copy and try the file, and goes on.
struct Forker {
  private let path: String

  init(path: String) { self.path = path }

  func run() throws(StoreError) {
    let store = SQLiteStore(path: path)
    try store.open()
    try store.apply(StoreBatch { $0.put(.init(1)) })
    // Swift hides `fork`, because little may be done after it; this is what is to be shown.
    typealias Fork = @convention(c) () -> pid_t
    let child = unsafeBitCast(dlsym(nil, "fork"), to: Fork.self)()
    if child == 0 { _exit(inChild(store)) }
    var status: Int32 = 0
    waitpid(child, &status, 0)
    try store.apply(StoreBatch { $0.put(.init(2)) })
    say("child \(status >> 8)")
    while readLine() != nil {}
    store.close()
  }

  /// What the child finds: 0 is a refusal that names its parent.
  private func inChild(_ store: SQLiteStore) -> Int32 {
    store.close()
    do throws(StoreError) {
      try SQLiteStore(path: path).open()
      return 1
    } catch {
      return error.code == .busy && error.message.hasSuffix("held by process \(getppid())") ? 0 : 2
    }
  }
}
