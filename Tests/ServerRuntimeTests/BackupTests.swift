import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import PeriodicStore
import Synchronization
import Testing

@Suite(.serialized) struct `A server's backup` {
  @Test func `is asked for, goes on in slices, and ends`() throws {
    let script = Script(slices: 5)
    let bench = try serving(script)
    #expect(bench.server.backup == BackupState())
    #expect(bench.server.beginBackup(to: "/copy"))
    #expect(bench.server.backup == .running("/copy"))
    bench.run { bench.server.backup.phase != .running }
    #expect(bench.server.backup.phase == .done)
    #expect(bench.server.backup.pages == 5 && bench.server.backup.pagesDone == 5)
    #expect(script.calls == ["begin /copy", "go on", "go on", "go on", "go on", "go on"])
    #expect(bench.log.has(.info, "backup: /copy is complete"))
  }

  @Test func `is one at a time`() throws {
    let script = Script(slices: .max)
    let bench = try serving(script)
    #expect(bench.server.beginBackup(to: "/one"))
    #expect(!bench.server.beginBackup(to: "/two"))
    bench.run { bench.server.backup.pagesDone > 0 }
    #expect(!bench.server.beginBackup(to: "/two"))
    #expect(script.calls.first == "begin /one")
  }

  @Test func `can be cancelled, before and after it has begun`() throws {
    let script = Script(slices: .max)
    let bench = try serving(script)
    bench.server.cancelBackup()
    #expect(bench.server.backup.phase == .none)
    #expect(bench.server.beginBackup(to: "/one"))
    bench.server.cancelBackup()
    #expect(bench.server.backup.phase == .cancelled)
    #expect(bench.server.beginBackup(to: "/two"))
    bench.run { bench.server.backup.pagesDone > 0 }
    bench.server.cancelBackup()
    bench.run { bench.server.backup.phase != .running }
    #expect(bench.server.backup.phase == .cancelled)
    #expect(script.calls.first == "begin /two" && script.calls.last == "cancel")
    #expect(bench.log.has(.warning, "backup: /two was cancelled"))
  }

  @Test func `says why it failed, at the beginning and later`() throws {
    for slices in [0, 3] {
      let script = Script(slices: slices, failsAfter: true)
      let bench = try serving(script)
      #expect(bench.server.beginBackup(to: "/copy"))
      bench.run { bench.server.backup.phase != .running }
      #expect(bench.server.backup.phase == .failed)
      #expect(bench.server.backup.error == "no room after \(slices)")
      #expect(bench.log.has(.error, "backup: no room after \(slices)"))
      #expect(bench.server.beginBackup(to: "/again"))
    }
  }

  @Test func `ends with the server`() throws {
    let script = Script(slices: .max)
    let bench = try serving(script)
    #expect(bench.server.beginBackup(to: "/copy"))
    bench.run { bench.server.backup.pagesDone > 0 }
    var end: ServerEnd?
    bench.server.onStopped = { end = $0 }
    bench.server.stop()
    bench.run { end != nil }
    #expect(script.calls.suffix(2) == ["cancel", "close"])
    #expect(bench.server.backup.phase == .cancelled)
    #expect(!bench.server.beginBackup(to: "/other"))
  }

  @Test func `is not of a store in memory, nor of a server that does not serve yet`() throws {
    let bench = try ServerBench()
    #expect(!bench.server.beginBackup(to: "/copy"))
    _ = try bench.start()
    bench.run { bench.server.isServing }
    #expect(!bench.server.beginBackup(to: "/copy"))
    #expect(bench.server.backup.phase == .none)
  }

  private func serving(_ script: Script) throws -> ServerBench {
    let bench = try ServerBench { $0.store = .driver { ScriptedStore(script) } }
    _ = try bench.start()
    bench.run { bench.server.isServing }
    return bench
  }
}

/// How a store's backups go, and what the store was asked.
private final class Script: Sendable {
  let slices: Int
  let failsAfter: Bool
  private let heard = Mutex<[String]>([])

  init(slices: Int, failsAfter: Bool = false) {
    self.slices = slices
    self.failsAfter = failsAfter
  }

  var calls: [String] { heard.withLock { $0 } }
  func hear(_ call: String) { heard.withLock { $0.append(call) } }
}

private final class ScriptedStore: StoreDriver {
  private let script: Script
  private var done = 0
  init(_ script: Script) { self.script = script }

  func open() throws(StoreError) {}
  func load(_ visit: (StoredItem) -> Void) throws(StoreError) {}
  func read(_ ids: [JobID], _ visit: (StoredJob) -> Void) throws(StoreError) {}
  func apply(_ batch: StoreBatch) throws(StoreError) {}

  func beginBackup(to path: String) throws(StoreError) {
    script.hear("begin \(path)")
    try failIfDone()
  }

  func continueBackup() throws(StoreError) -> BackupProgress {
    script.hear("go on")
    try failIfDone()
    done += 1
    var progress = BackupProgress()
    progress.pages = min(script.slices, 1000)
    progress.pagesDone = min(done, 1000)
    progress.isFinished = done == script.slices && !script.failsAfter
    return progress
  }

  func cancelBackup() { script.hear("cancel") }
  func close() { script.hear("close") }

  private func failIfDone() throws(StoreError) {
    if done == script.slices { throw StoreError(.full, "no room after \(done)") }
  }
}
