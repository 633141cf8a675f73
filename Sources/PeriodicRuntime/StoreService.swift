import PeriodicCore
import PeriodicLoop
import PeriodicServer
import PeriodicStore

/// What the store thread does once its store is open: it carries out what is asked, in order.
struct StoreService {
  private let driver: any StoreDriver
  private let inbox: StoreInbox
  private let answer: (StoreThread.Answer) -> Void
  private var syncs: LateSyncs
  private var chores = StoreChores()
  private var group = CommitGroup()
  /// Until the loop has heard of a failure.
  private var passesOver = false

  /// Operations and bytes in one chunk of what is loaded: a turn's work.
  private static let chunkOperations = 512
  private static let chunkBytes = 256 << 10

  init(
    _ driver: any StoreDriver, _ inbox: StoreInbox, answer: @escaping (StoreThread.Answer) -> Void
  ) {
    self.driver = driver
    self.inbox = inbox
    self.answer = answer
    syncs = LateSyncs(driver)
  }

  /// Runs until the store is closed.
  mutating func run() {
    while true {
      guard let request = next() else { continue }
      if case .close = request { return close() }
      carryOut(request)
    }
  }

  /// Waits for a request, and does what is due meanwhile.
  private mutating func next() -> StoreInbox.Request? {
    if group.isSyncing {
      let request = chores.isDue ? nil : inbox.next(unless: { [driver] in driver.isCommitOver })
      if case .apply? = request { return request }
      // All else finds the store as it was answered for.
      endCommit()
      return request
    }
    if let request = inbox.next(before: earliest(syncs.deadline, chores.deadline)) {
      return request
    }
    if let result = syncs.syncIfDue(driver) { answer(.synced(result.failure)) }
    if let state = chores.runIfDue(driver) { answer(.backup(state)) }
    return nil
  }

  private mutating func carryOut(_ request: StoreInbox.Request) {
    switch request {
    case .load: load()
    case .apply(let batch): if !passesOver { apply(batch) }
    case .goOn: passesOver = false
    case .read(let read): answer(carryOut(read))
    case .probe:
      answer(.probed(failure { () throws(StoreError) in try driver.probe() }))
    case .beginBackup(let path): answer(.backup(chores.beginBackup(to: path, driver)))
    case .cancelBackup:
      if let state = chores.cancelBackup(driver) { answer(.backup(state)) }
    case .close: break
    }
  }

  private mutating func close() {
    if let state = chores.cancelBackup(driver) { answer(.backup(state)) }
    _ = syncs.sync(driver)
    driver.close()
    answer(.closed)
  }

  // MARK: Changes

  private mutating func apply(_ batch: StoreBatch) {
    var durable = 0
    let problem = failure { () throws(StoreError) in
      try group.write(batch, driver, inbox) { [answer] count in
        durable += 1
        answer(.applied(count))
      }
    }
    note(durable, problem)
  }

  private mutating func endCommit() {
    var durable = 0
    let problem = failure { () throws(StoreError) in
      try group.end(driver) { [answer] count in
        durable += 1
        answer(.applied(count))
      }
    }
    note(durable, problem)
  }

  private mutating func note(_ durable: Int, _ failure: StoreError?) {
    for _ in 0..<durable {
      syncs.applied()
      chores.applied()
    }
    if let failure {
      passesOver = true
      answer(.failed(failure))
    }
  }

  // MARK: Everything else

  private func carryOut(_ read: StoreRead) -> StoreThread.Answer {
    let rows = StoreBatch()
    let problem = failure { () throws(StoreError) in
      try driver.read(read.ids) { rows.append(.put($0)) }
    }
    return .read(read, problem == nil ? rows : StoreBatch(), problem)
  }

  private func load() {
    var chunk = StoredChunk()
    var isWanted = true
    func send() {
      guard isWanted, !chunk.isEmpty else { return }
      isWanted = inbox.awaitRoomForChunk()
      if isWanted { answer(.loaded(chunk)) }
      chunk = StoredChunk()
    }
    let problem = failure { () throws(StoreError) in
      try driver.load { item in
        guard isWanted else { return }
        chunk.append(item)
        let isFull =
          chunk.count >= StoreService.chunkOperations || chunk.byteCount >= StoreService.chunkBytes
        if isFull { send() }
      }
    }
    if problem == nil { send() }
    answer(.loadEnded(problem))
  }

  private func earliest(_ one: Int64?, _ other: Int64?) -> Int64? {
    guard let one, let other else { return one ?? other }
    return min(one, other)
  }
}

private func failure(_ body: () throws(StoreError) -> Void) -> StoreError? {
  do throws(StoreError) {
    try body()
    return nil
  } catch {
    return error
  }
}
