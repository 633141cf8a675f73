import CFaultVFS
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance
import Testing

/// Each call to the file system fails once, in turn, until a whole run needs no more calls.
@Suite struct `A SQLite store on a failing disk` {
  private let batches = FaultBatches.all

  @Test func `keeps a batch whole when one call fails, and takes it when asked again`() throws {
    let runs = try everyCall { files, call in
      try write(files) { files.arm(FAULT_IO, at: call, isLasting: false) }
    }
    #expect(runs > 100)
  }

  @Test func `keeps what it had while every call fails, and goes on when they work`() throws {
    let runs = try everyCall { files, call in
      try write(files) { files.arm(FAULT_IO, at: call, isLasting: true) }
    }
    #expect(runs > 100)
  }

  @Test func `says that the disk is full, and goes on when there is room`() throws {
    let runs = try everyCall { files, call in
      for code in try write(files, arm: { files.arm(FAULT_FULL, at: call, isLasting: true) }) {
        #expect(code == .full)
      }
    }
    #expect(runs > 20)
  }

  @Test func `opens or says why not, and opens when the disk works`() throws {
    for isNew in [true, false] {
      let runs = try everyCall { files, call in
        let wanted = isNew ? StoreContent() : try prepare(files)
        files.arm(FAULT_IO, at: call, isLasting: false)
        let store = files.store()
        if let found = try? opened(store) { #expect(found == wanted) }
        store.close()
        let faults = files.faults
        #expect(try files.content() == wanted)
        #expect(faults == files.faults)
      }
      #expect(runs > 10)
    }
  }

  @Test func `shows nothing of a batch that failed`() throws {
    let files = FaultyFiles()
    let store = files.store()
    try store.open()
    try store.apply(StoreBatch { $0.put(.init(1)) })
    files.arm(FAULT_FULL, at: 0, isLasting: true)
    #expect(throws: StoreError.self) { try store.apply(StoreBatch { $0.put(.init(2)) }) }
    #expect(try StoreContent(loading: store).rows.map(\.id) == [1])
    store.close()
  }

  @Test func `syncs each batch before it says that it is durable`() throws {
    let files = FaultyFiles()
    let store = files.store()
    try store.open()
    for id in 1...20 as ClosedRange<UInt64> {
      let before = files.syncs
      try store.apply(StoreBatch { $0.put(.init(id)) })
      #expect(files.syncs > before)
    }
    store.close()
  }

  @Test func `writes the log once a batch, however many pages it has`() throws {
    let files = FaultyFiles()
    let store = files.store(cacheBytes: 1 << 20)
    try store.open()
    for batch in 0..<20 as Range<UInt64> {
      let (writes, syncs) = (files.logWrites, files.syncs)
      try store.apply(
        StoreBatch { rows in
          for id in 1...200 as ClosedRange<UInt64> { rows.put(.init(batch * 200 + id)) }
        })
      // A log that begins anew is synced with its first bytes alone.
      #expect((1...2).contains(files.logWrites - writes))
      #expect(files.logWrites - writes <= files.syncs - syncs)
    }
    #expect(try StoreContent(loading: store).rows.count == 4000)
    store.close()
  }

  @Test func `is as before a commit whose sync fails, and without what was staged since`() throws {
    let files = FaultyFiles()
    let store = files.store()
    try store.open()
    try store.apply(StoreBatch { $0.put(.init(1)) })
    for isFirst in [true, false] {
      #expect(try store.commit(StoreBatch { $0.put(.init(2)) }, signal: -1))
      let staged = StoreBatch { $0.put(.init(3)) }
      #expect(try store.stage(staged))
      files.arm(FAULT_IO, at: 0, isLasting: false)
      #expect(throws: StoreError.self) { try store.endCommit() }
      #expect(try StoreContent.rows([1, 2, 3], of: store).map(\.id) == [1])
      if isFirst {
        try store.apply(
          StoreBatch {
            $0.delete(1)
            $0.put(.init(1))
          })
      }
    }
    store.close()
    #expect(try files.content().rows.map(\.id) == [1])
  }

  @Test func `loses nothing that it told of while commits go on and any call fails`() throws {
    for isLasting in [false, true] {
      let runs = try everyCall { files, call in
        let model = MemoryStore()
        try model.open()
        let store = files.store()
        try store.open()
        files.arm(FAULT_IO, at: call, isLasting: isLasting)
        try goOn(store, model)
        files.disarm()
        // Rows of a drop go sooner when the file is opened anew, and now at the latest.
        for batch in [StoreBatch { $0.set("last", 1) }, batches[4]] {
          try store.apply(batch)
          try model.apply(batch)
        }
        store.close()
        let faults = files.faults
        #expect(try files.content() == StoreContent(loading: model))
        #expect(faults == files.faults)
      }
      #expect(runs > 100)
    }
  }

  /// Stages each batch while the one before is synced; the model has those that became durable.
  private func goOn(_ store: SQLiteStore, _ model: MemoryStore) throws {
    var underWay: StoreBatch?
    for batch in batches {
      do throws(StoreError) {
        _ = try store.stage(batch)
        if let before = underWay {
          underWay = nil
          try store.endCommit()
          try model.apply(before)
        }
        if try store.commit(StoreBatch(), signal: -1) {
          underWay = batch
        } else {
          try model.apply(batch)
        }
      } catch {
        // Staging failed: the one before may be durable all the same.
        guard let before = underWay else { continue }
        underWay = nil
        if (try? store.endCommit()) != nil { try model.apply(before) }
      }
    }
    if let before = underWay, (try? store.endCommit()) != nil { try model.apply(before) }
  }

  @Test func `syncs no batch by itself where syncs come late, and all of them when asked`() throws {
    let files = FaultyFiles()
    let store = files.store(.batch(milliseconds: 7))
    try store.open()
    #expect(store.syncInterval == 7)
    // The first after the file is made syncs the log's header.
    try store.apply(StoreBatch { $0.put(.init(0)) })
    let before = files.syncs
    for id in 1...3 as ClosedRange<UInt64> { try store.apply(StoreBatch { $0.put(.init(id)) }) }
    #expect(files.syncs == before)
    try store.sync()
    #expect(files.syncs == before + 1)
    try store.sync()
    #expect(files.syncs == before + 1)
    store.close()
  }

  @Test func `takes nothing more after a late sync failed until all before is synced`() throws {
    let files = FaultyFiles()
    let store = files.store(.batch(milliseconds: 7))
    try store.open()
    try store.apply(StoreBatch { $0.put(.init(1)) })
    files.arm(FAULT_IO, at: 0, isLasting: true)
    #expect(throws: StoreError.self) { try store.sync() }
    #expect(throws: StoreError.self) { try store.apply(StoreBatch { $0.put(.init(2)) }) }
    files.disarm()
    let before = files.syncs
    try store.apply(StoreBatch { $0.put(.init(3)) })
    #expect(files.syncs >= before + 2)
    store.close()
    #expect(try files.content().rows.map(\.id) == [1, 3])
  }

  /// Runs `body` with 0, 1, 2 … until no call fails any more; returns how often it ran.
  private func everyCall(_ body: (FaultyFiles, Int) throws -> Void) throws -> Int {
    for call in 0..<10_000 {
      let files = FaultyFiles()
      try body(files, call)
      if files.faults == 0 { return call }
    }
    Issue.record("the calls never end")
    return 0
  }

  private func opened(_ store: SQLiteStore) throws -> StoreContent {
    try store.open()
    return try StoreContent(loading: store)
  }

  private func prepare(_ files: FaultyFiles) throws -> StoreContent {
    let store = files.store()
    try store.open()
    try store.apply(StoreBatch { batch in (1...40).forEach { batch.put(.init($0)) } })
    store.close()
    return try files.content()
  }

  /// Writes batches with faults on; what failed is tried again without. The file must then hold
  /// exactly what a memory store holds. Returns the codes of the failures.
  @discardableResult
  private func write(_ files: FaultyFiles, arm: () -> Void) throws -> [StoreError.Code] {
    let model = MemoryStore()
    try model.open()
    let store = files.store()
    try store.open()
    var codes: [StoreError.Code] = []
    arm()
    for (index, batch) in batches.enumerated() {
      do throws(StoreError) {
        try store.apply(batch)
        try model.apply(batch)
      } catch {
        codes.append(error.code)
        // Half of the failed batches are tried again, the others given up.
        if index % 2 == 0 {
          files.disarm()
          try store.apply(batch)
          try model.apply(batch)
        }
      }
    }
    files.disarm()
    try store.apply(StoreBatch { $0.set("last", 1) })
    try model.apply(StoreBatch { $0.set("last", 1) })
    store.close()
    let faults = files.faults
    #expect(try files.content() == StoreContent(loading: model))
    #expect(faults == files.faults)
    return codes
  }
}

/// Batches that fill pages, free them, spill the cache and move the log into the file.
private enum FaultBatches {
  static var all: [StoreBatch] {
    [
      StoreBatch { batch in
        batch.addFunction("f")
        batch.reserve(100)
        (1...30).forEach { batch.put(.init($0)) }
      },
      StoreBatch { batch in
        batch.put(.init(31, workload: String(repeating: "x", count: 150_000)))
        (1...10).forEach { batch.delete($0) }
      },
      StoreBatch { $0.reschedule(31, scheduledAt: 5, due: 5000, count: 1, previousRunAt: 4) },
      StoreBatch {
        $0.dropFunction("f", upTo: 31)
        $0.put(.init(32, "g"))
      },
      StoreBatch { batch in
        (11...31).forEach { batch.delete($0) }
        batch.dropFinished("f", upTo: 31)
      },
    ]
  }
}
