import Foundation

/// A directory of its own for one test, gone with it.
final class ScratchDirectory {
  let path: String

  init() {
    var template = Array("/tmp/periodic-store-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { fatalError("no scratch directory: \(errno)") }
    path = String(cString: made)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}
