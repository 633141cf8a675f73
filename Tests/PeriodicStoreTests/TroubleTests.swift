import CFaultVFS
import Foundation
import PeriodicStore
import PeriodicStoreSQLite
import StoreConformance
import Testing

/// The behaviours of every store, while calls fail, take long, or lie.
@Suite struct `Every store in trouble` {
  @Test(arguments: Self.cases, [TroubledStore.Trouble.Side.before, .after])
  func `behaves, in memory, whichever call fails and is made again`(
    _ behaviour: StoreConformance, _ side: TroubledStore.Trouble.Side
  ) throws {
    var call = 0
    var isOver = false
    while !isOver {
      var left = call
      let memory = MemoryStore()
      let trouble = TroubledStore.Trouble(side) { () throws(StoreError) in
        left -= 1
        if left == -1 { throw StoreError(.failed, "the call that fails") }
      }
      let bench = try StoreBench(
        toleratedFailures: 1, make: { TroubledStore(memory, trouble) }, crash: {})
      try behaviour.run(bench)
      #expect(bench.failures == [], "call \(call)")
      isOver = left >= 0
      call += Self.step(after: call, from: 1)
    }
    #expect(call > 3)
  }

  @Test(arguments: Self.cases)
  func `behaves, in a SQLite file, whichever call of the system fails`(
    _ behaviour: StoreConformance
  ) throws {
    var call = 0
    var isOver = false
    while !isOver {
      let files = FaultyFiles()
      files.arm(FAULT_IO, at: call, isLasting: false)
      // Where a crash is asked for, an orderly end is enough: other tests show what it leaves.
      let bench = try StoreBench(
        toleratedFailures: 2, make: { files.store(cacheBytes: 1 << 20) }, crash: {})
      try behaviour.run(bench)
      #expect(bench.failures == [], "call \(call)")
      isOver = files.faults == 0
      call += Self.step(after: call, from: 24)
    }
    #expect(call > 3)
  }

  private static let isThorough =
    ProcessInfo.processInfo.environment["PERIODIC_EVERY_CALL"] == "1"

  /// A behaviour of very many calls would take the square of that.
  private static let cases = StoreConformance.cases.filter { !$0.isLong }

  /// Each of the first hundred calls and every fiftieth part more with PERIODIC_EVERY_CALL=1, which
  /// takes a while; a few otherwise.
  private static func step(after call: Int, from first: Int) -> Int {
    isThorough ? max(1, call / 50) : max(first, call * 3)
  }

  @Test(arguments: StoreConformance.cases)
  func `behaves, in memory, when each call takes its time`(_ behaviour: StoreConformance) throws {
    let memory = MemoryStore()
    let trouble = TroubledStore.Trouble(.before) { () throws(StoreError) in usleep(100) }
    let bench = try StoreBench(make: { TroubledStore(memory, trouble) }, crash: {})
    try behaviour.run(bench)
    #expect(bench.failures == [])
  }

  @Test func `is found out when a crash takes the last batch that it answered for`() throws {
    var found: [String] = []
    for behaviour in StoreConformance.cases {
      let disk = ForgetfulDisk()
      let bench = try StoreBench(make: { disk.driver() }, crash: { try disk.crash() })
      try behaviour.run(bench)
      if !bench.failures.isEmpty { found.append(behaviour.description) }
    }
    #expect(found.contains { $0.hasPrefix("a job comes back as it was put") })
    #expect(found.contains { $0.hasPrefix("a crash inside a drop") })
    #expect(found.contains { $0.hasPrefix("a thousand batches") })
    #expect(found.contains { $0.hasPrefix("the last value of a setting") })
  }
}
