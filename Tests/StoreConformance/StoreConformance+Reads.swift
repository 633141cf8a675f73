import PeriodicCore
import PeriodicStore

extension StoreConformance {
  static let reads = [
    StoreConformance("a job is read by its id as it was put, at once and after a crash") { bench in
      let row = StoreContent.Row(
        7, "resize", name: "a.png", workload: "640x480", due: 1_700_000_000_123,
        scheduledAt: 1_700_000_000, timeout: 60, count: 3, origin: .generation1,
        previousRunAt: 1_699_999_999)
      try bench.apply {
        $0.put(.init(6))
        $0.put(row)
        $0.put(.init(8))
      }
      bench.expect(try bench.read([7]), [row], "at once")
      _ = try bench.crashed()
      bench.expect(try bench.read([7]), [row], "after a crash")
    },
    StoreConformance("jobs are read in the order of ids, those not there left out") { bench in
      try bench.apply { batch in (1...9).forEach { batch.put(.init($0 * 10)) } }
      let ids: [UInt64] = [0, 10, 15, 20, 90, 91, 1 << 53]
      bench.expect(try bench.read(ids).map(\.id), [10, 20, 90], "ids")
      bench.expect(try bench.read([]), [], "nothing asked for")
    },
    StoreConformance("a read sees every batch that was applied before it") { bench in
      var row = StoreContent.Row(1, workload: "first")
      try bench.apply { $0.put(row) }
      bench.expect(try bench.read([1]), [row], "put")
      row.workload = Array("second".utf8)
      try bench.apply { $0.put(row) }
      bench.expect(try bench.read([1]), [row], "replaced")
      try bench.apply {
        $0.reschedule(1, scheduledAt: 20, due: 20_000, count: 2, previousRunAt: 10)
      }
      (row.scheduledAt, row.due, row.count, row.previousRunAt) = (20, 20_000, 2, 10)
      bench.expect(try bench.read([1]), [row], "put back")
      try bench.apply { $0.delete(1) }
      bench.expect(try bench.read([1]), [], "deleted")
    },
    StoreConformance("workloads of nothing to several MiB are read byte for byte", isLong: true) {
      bench in
      let sizes = [0, 1, 4050, 4096, 65_536, 3_000_001]
      let rows = sizes.enumerated().map { index, size in
        var row = StoreContent.Row(UInt64(index + 1))
        row.workload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 17 &+ index) }
        return row
      }
      try bench.apply { batch in rows.forEach { batch.put($0) } }
      bench.expect(try bench.read(Array(1...6)) == rows, true, "the bytes are the same")
    },
    StoreConformance("a job whose function was dropped before a crash is not read") { bench in
      try bench.apply {
        $0.put(.init(1))
        $0.put(.init(2, "g"))
        $0.dropFunction("f", upTo: 2)
        $0.addFunction("f")
        $0.put(.init(3))
      }
      bench.expect(try bench.crashed().rows.map(\.id), [2, 3], "loaded")
      bench.expect(try bench.read([1, 2, 3]).map(\.id), [2, 3], "read")
    },
  ]
}
