import Foundation
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance
import Testing

@Suite struct `The lock of a SQLite store` {
  private let scratch = ScratchDirectory()
  private var path: String { scratch.file("jobs.db") }

  @Test func `refuses a second process, and names the first`() throws {
    let other = try OtherProcess(["hold", path])
    #expect(other.line() == "open")
    let error = refusal(of: path)
    #expect(error?.code == .busy)
    #expect(error?.message == "\(path).lock: held by process \(other.number)")
    #expect(other.finish().status == 0)
    #expect(refusal(of: path) == nil)
  }

  @Test func `goes with a process that is killed`() throws {
    let other = try OtherProcess(["hold", path])
    #expect(other.line() == "open")
    #expect(try String(contentsOfFile: path + ".lock", encoding: .utf8) == "\(other.number)\n")
    other.kill()
    #expect(refusal(of: path) == nil)
  }

  @Test func `refuses another process while this one has the store`() throws {
    let store = SQLiteStore(path: path)
    try store.open()
    let other = try OtherProcess(["hold", path])
    #expect(other.finish().output.contains("held by process \(getpid())"))
    store.close()
  }

  @Test func `refuses a second server of this process, and the first goes on`() throws {
    let store = SQLiteStore(path: path)
    try store.open()
    #expect(refusal(of: path)?.code == .busy)
    #expect(refusal(of: path)?.message.contains("another server of this process") == true)
    // The refusal has not freed the lock for others either.
    #expect(try OtherProcess(["hold", path]).finish().output.contains("\(getpid())"))
    try store.apply(StoreBatch { $0.put(.init(1)) })
    store.close()
    #expect(refusal(of: path) == nil)
  }

  @Test func `knows the store under its other names`() throws {
    let store = SQLiteStore(path: path)
    try store.open()
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file("link.db"), withDestinationPath: path)
    try FileManager.default.createSymbolicLink(
      atPath: scratch.file("here"), withDestinationPath: scratch.path)
    try FileManager.default.linkItem(atPath: path, toPath: scratch.file("second.db"))
    for name in ["link.db", "here/jobs.db", "./jobs.db", "second.db"] {
      #expect(refusal(of: scratch.file(name))?.code == .busy)
    }
    store.close()
  }

  @Test func `is not needed by a store that was refused`() throws {
    let store = SQLiteStore(path: path)
    try store.open()
    let second = SQLiteStore(path: path)
    #expect(throws: StoreError.self) { try second.open() }
    store.close()
    try second.open()
    #expect(throws: StoreError.self) { try second.open() }
    second.close()
    second.close()
  }

  @Test func `stays with the parent when a child is made by fork and closes its copy`() throws {
    let other = try OtherProcess(["fork", path])
    #expect(other.line() == "child 0")
    #expect(refusal(of: path)?.message.hasSuffix("held by process \(other.number)") == true)
    #expect(other.finish().status == 0)
    let store = SQLiteStore(path: path)
    try store.open()
    #expect(try StoreContent(loading: store).rows.map(\.id) == [1, 2])
    store.close()
  }

  @Test func `is not enough while another program reads the file`() throws {
    #expect(refusal(of: path) == nil)
    let reader = try OtherProcess(
      ["python3", "-c", Self.reader, path], program: "/usr/bin/env")
    #expect(reader.line() == "reading")
    #expect(refusal(of: path)?.code == .busy)
    #expect(reader.finish().status == 0)
    #expect(refusal(of: path) == nil)
  }

  private static let reader = """
    import sqlite3, sys
    database = sqlite3.connect(sys.argv[1])
    database.execute("SELECT count(*) FROM jobs").fetchall()
    print("reading", flush=True)
    sys.stdin.read()
    """

  @Test func `leaves nothing but the reserve behind when the store is closed`() throws {
    let store = SQLiteStore(path: path)
    try store.open()
    try store.apply(StoreBatch { $0.put(.init(1)) })
    #expect(try files() == ["jobs.db", "jobs.db-wal", "jobs.db.lock", "jobs.db.reserve"])
    store.close()
    #expect(try files() == ["jobs.db", "jobs.db.reserve"])
  }

  @Test func `keeps other programs out of the file`() throws {
    let store = SQLiteStore(path: path)
    try store.open()
    try store.apply(StoreBatch { $0.put(.init(1)) })
    #expect(RawDatabase.code("SELECT count(*) FROM jobs", on: path) == 5)
    store.close()
    #expect(RawDatabase.text("SELECT count(*) FROM jobs", on: path) == "1")
  }

  private func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted()
  }

  private func refusal(of path: String) -> StoreError? {
    let store = SQLiteStore(path: path)
    defer { store.close() }
    do throws(StoreError) {
      try store.open()
      return nil
    } catch {
      return error
    }
  }
}
