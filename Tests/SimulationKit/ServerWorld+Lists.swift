import PeriodicCore
import PeriodicServer
import PeriodicWire

/// DUMP and LOAD (PROTOCOL 2.10).
extension ServerWorld {
  /// A DUMP under way: what must be in it, because nobody asks to end it meanwhile.
  struct Dump {
    var peer: Int
    var message: UInt32
    var expected: [KeyName: Int]
    var shown: [KeyName: Int] = [:]
  }

  func dump() {
    guard let peer = anySubmitter() else { return }
    if peer.isWorker || dumps.contains(where: { $0.peer == peer.number }) { return }
    log("\(peer.number) dumps")
    peer.send(.dump, as: .dump)
    guard let message = peer.outstanding.first(where: { $0.value == .dump })?.key else { return }
    let expected = stories.filter { $0.value.acknowledged > $0.value.endAsked }
    dumps.append(
      Dump(peer: peer.number, message: message, expected: expected.mapValues { $0.acknowledged }))
  }

  /// One frame of a generation 2 dump, or one chunk of generation 1.
  func heard(_ list: Bytes, of message: UInt32, _ peer: SimulatedPeer) {
    guard let index = dumps.firstIndex(where: { $0.peer == peer.number && $0.message == message })
    else { return expect(false, "E5: a dump that nobody asked for") }
    var two = Generation2JobList()
    let one = Generation1JobList()
    while true {
      switch peer.generation == .one ? one.next(in: list) : two.next(in: list) {
      case .job(let job):
        let key = KeyName(function: job.key.function.text, name: job.key.name.text)
        expect(stories[key] != nil, "2.10: \(key) is dumped")
        expect(dumps[index].shown[key] == nil, "2.10: \(key) is dumped twice")
        dumps[index].shown[key] = Int(job.workload.text) ?? 0
      case .end: return
      case .skipped, .violation: return expect(false, "2.10: a broken dump")
      }
    }
  }

  func dumpEnded(_ message: UInt32, _ peer: SimulatedPeer) {
    guard let index = dumps.firstIndex(where: { $0.peer == peer.number && $0.message == message })
    else { return expect(false, "E5: the end of a dump that nobody asked for") }
    let dump = dumps.remove(at: index)
    log("\(peer.number) has a dump of \(dump.shown.count) jobs")
    for (key, version) in dump.expected {
      guard let story = stories[key], story.acknowledged > story.endAsked else { continue }
      let shown = dump.shown[key] ?? 0
      // Replaced while the dump was written, it may have been on its way to the store.
      if story.sent > version { continue }
      expect(shown >= version, "2.10: \(key) is not dumped as \(version), but as \(shown)")
    }
  }

  func loadList() {
    guard let peer = anySubmitter() else { return }
    if peer.isWorker { return }
    var jobs: [(key: KeyName, version: Int)] = []
    for _ in 0..<1 + random.below(3) {
      let key = random.pick(keys)
      if jobs.contains(where: { $0.key == key }) { continue }
      if let job = newVersion(key) { jobs.append(job) }
    }
    if jobs.isEmpty { return }
    log("\(peer.number) loads \(jobs)")
    var list = ByteBuffer()
    let versions = Dictionary(uniqueKeysWithValues: jobs.map { ($0.key, $0.version) })
    if peer.generation == .one {
      let texts = jobs.map { key, version in
        "{\"func\":\"\(key.function)\",\"name\":\"\(key.name)\",\"workload\":\"\(version)\"}"
      }
      withBytes(of: "{\"jobs\":[\(texts.joined(separator: ","))]}") { list.append($0) }
      peer.sendUnasked(.load(list.bytes))
      // LOAD has no answer here; that of the next request tells that it has been carried out, but
      // not with what success.
      peer.send(.ping, as: .load(versions))
    } else {
      list.append(uint64: UInt64(jobs.count))
      for (key, version) in jobs { append(key, version, to: &list) }
      peer.send(.load(list.bytes), as: .load(versions))
    }
  }

  /// A job as a list has it: what SUBMIT_JOB carries behind its command.
  private func append(_ key: KeyName, _ version: Int, to list: inout ByteBuffer) {
    var empty = ByteBuffer()
    Generation2.encode(.ping, message: 1, into: &empty)
    var whole = ByteBuffer()
    with(key, String(version)) { key, workload in
      .submit(JobFields(key: key, workload: workload, scheduledAt: now.wallSeconds))
    } send: {
      Generation2.encode($0, message: 1, into: &whole)
    }
    list.append(Bytes(rebasing: whole.bytes[empty.count...]))
  }
}
