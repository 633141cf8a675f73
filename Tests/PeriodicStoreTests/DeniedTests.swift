import Foundation
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance
import Testing

@Suite struct `A SQLite store that may not write` {
  private let scratch = ScratchDirectory()

  @Test func `says so for a directory that is missing`() {
    expect(.denied, "No such file or directory", at: scratch.file("missing/jobs.db"))
  }

  @Test func `says so for a path through a file`() {
    #expect(FileManager.default.createFile(atPath: scratch.file("file"), contents: nil))
    expect(.denied, "Not a directory", at: scratch.file("file/jobs.db"))
  }

  @Test func `says so for a directory and for what is no file`() {
    expect(.denied, "is a directory", at: scratch.path)
    expect(.denied, "Is a directory", at: scratch.file("missing/"))
    #expect(mkfifo(scratch.file("pipe"), 0o600) == 0)
    expect(.denied, "is not a regular file", at: scratch.file("pipe"))
    expect(.denied, "empty", at: "")
    expect(.denied, "NUL", at: scratch.file("a\0b"))
  }

  @Test func `says so for a link to nothing`() throws {
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file("link"), withDestinationPath: scratch.file("missing"))
    expect(.denied, "No such file", at: scratch.file("link"))
  }

  @Test func `says so in a directory that is read-only, and changes nothing`() throws {
    let path = scratch.file("jobs.db")
    let store = SQLiteStore(path: path)
    try store.open()
    store.close()
    let before = FileManager.default.contents(atPath: path)
    chmod(scratch.path, 0o555)
    asNobody {
      expect(.denied, "Permission denied", at: path)
      expect(.denied, "Permission denied", at: scratch.file("new.db"))
    }
    chmod(scratch.path, 0o755)
    #expect(FileManager.default.contents(atPath: path) == before)
  }

  @Test func `says so for a file that it may read only`() throws {
    let path = scratch.file("jobs.db")
    let store = SQLiteStore(path: path)
    try store.open()
    store.close()
    chmod(path, 0o444)
    chmod(scratch.path, 0o777)
    asNobody { expect(.denied, "may only be read", at: path) }
  }

  /// Runs `body` on this thread without the rights of root, which no permission stops.
  private func asNobody(_ body: () -> Void) {
    typealias Change = @convention(c) (uid_t) -> Int32
    let change = unsafeBitCast(dlsym(nil, "setfsuid"), to: Change.self)
    let user = change(65_534)
    body()
    _ = change(uid_t(user))
  }

  private func expect(_ code: StoreError.Code, _ text: String, at path: String) {
    let store = SQLiteStore(path: path)
    do throws(StoreError) {
      try store.open()
      Issue.record("\(path) was opened")
    } catch {
      #expect(error.code == code, "\(error)")
      #expect(error.message.contains(text), "\(error)")
    }
    store.close()
  }
}

@Suite struct `A SQLite store before and after` {
  private let scratch = ScratchDirectory()

  @Test func `it is open fails, and changes nothing`() throws {
    let store = SQLiteStore(path: scratch.file("jobs.db"))
    #expect(throws: StoreError.self) { try store.load { _ in } }
    #expect(throws: StoreError.self) { try store.apply(StoreBatch { $0.put(.init(1)) }) }
    store.close()
    try store.open()
    store.close()
    #expect(throws: StoreError.self) { try store.apply(StoreBatch { $0.put(.init(1)) }) }
    try store.open()
    #expect(try StoreContent(loading: store) == StoreContent())
    store.close()
  }

  @Test func `the limit of a file's size says full, and works again below it`() throws {
    let tool = try OtherProcess(["fill", scratch.file("jobs.db")])
    let (output, status) = tool.finish()
    #expect(status == 0, "\(output)")
    #expect(output.contains("full"))
  }
}
