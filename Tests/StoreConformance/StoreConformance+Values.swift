import PeriodicCore
import PeriodicStore

extension StoreConformance {
  static let values = [
    StoreConformance("names may hold any byte, at both ends of their length") { bench in
      let every = (0...254).map { UInt8($0) }
      let names: [[UInt8]] = [[0], [255], [0, 0], [39, 34, 0, 59], every, every.reversed()]
      let rows = names.enumerated().map { index, name in
        var row = StoreContent.Row(UInt64(index))
        row.function = name
        row.name = name.reversed()
        return row
      }
      try bench.apply { batch in rows.forEach { batch.put($0) } }
      bench.expect(try bench.reopened().rows, rows, "rows")
    },
    StoreConformance("functions may have any name, and come back in byte order") { bench in
      let names: [[UInt8]] = [[255, 0], [0], [65], [0, 1], [65, 0], [195, 40]]
      try bench.apply { batch in
        for name in names { name.withUnsafeBytes { batch.append(.addFunction($0)) } }
      }
      let sorted = names.sorted { $0.lexicographicallyPrecedes($1) }
      bench.expect(try bench.reopened().functions, sorted, "functions")
    },
    StoreConformance("workloads of nothing to several MiB come back byte for byte", isLong: true) {
      bench in
      let sizes = [0, 1, 100, 4050, 4096, 5000, 65_536, 3_000_001]
      let rows = sizes.enumerated().map { index, size in
        var row = StoreContent.Row(UInt64(index + 1))
        row.workload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
        return row
      }
      try bench.apply { batch in rows.forEach { batch.put($0) } }
      let found = try bench.crashed().rows
      bench.expect(found.map(\.workload.count), sizes, "sizes")
      bench.expect(found == rows, true, "the bytes are the same")
    },
    StoreConformance("a large workload is kept by a reschedule and replaced by a put", isLong: true)
    { bench in
      var row = StoreContent.Row(1)
      row.workload = [UInt8](repeating: 7, count: 2_000_000)
      try bench.apply { $0.put(row) }
      try bench.apply { $0.reschedule(1, scheduledAt: 1, due: 1, count: 1, previousRunAt: 1) }
      bench.expect(try bench.reopened().rows[0].workload == row.workload, true, "kept")
      try bench.apply { $0.put(StoreContent.Row(1, workload: "")) }
      bench.expect(try bench.reopened().rows[0].workload, [], "replaced")
    },
    StoreConformance("numbers come back from both ends of their range") { bench in
      let low = StoreContent.Row(
        0, due: .min, scheduledAt: .min, timeout: .min, count: .min, previousRunAt: .min)
      let high = StoreContent.Row(
        (1 << 53) - 1, due: .max, scheduledAt: .max, timeout: .max, count: .max,
        previousRunAt: .max)
      try bench.apply {
        $0.put(low)
        $0.put(high)
      }
      bench.expect(try bench.reopened().rows, [low, high], "put")
      try bench.apply {
        $0.reschedule(
          0, scheduledAt: .max, due: .min, count: .max, previousRunAt: .min)
      }
      let row = try bench.reopened().rows[0]
      bench.expect([row.scheduledAt, row.due, row.previousRunAt], [.max, .min, .min], "times")
      bench.expect(row.count, .max, "count")
    },
  ]

  static let tables = [
    StoreConformance("a function is kept once, with jobs or without") { bench in
      try bench.apply {
        $0.addFunction("b")
        $0.addFunction("a")
        $0.addFunction("b")
        $0.put(StoreContent.Row(1, "b"))
      }
      bench.expect(
        try bench.reopened().functions, [Array("a".utf8), Array("b".utf8)], "functions")
    },
    StoreConformance("the last value of a setting counts") { bench in
      try bench.apply { $0.set("timeout", 1) }
      try bench.apply {
        $0.set("timeout", .max)
        $0.set("keepalive", 0)
      }
      bench.expect(
        try bench.crashed().settings,
        [StoreContent.Setting("keepalive", 0), StoreContent.Setting("timeout", .max)], "settings")
    },
    StoreConformance("metrics are taken, and are nothing that is handed back") { bench in
      try bench.apply {
        $0.addMetric(.doneJob, "f", milliseconds: .max, at: .max)
        $0.put(StoreContent.Row(1))
        $0.addMetric(.pushJob, "", milliseconds: 0, at: .min)
      }
      let content = try bench.reopened()
      bench.expect(content.rows, [StoreContent.Row(1)], "rows")
      bench.expect(content.functions, [], "functions")
    },
    StoreConformance("the reserved number only grows") { bench in
      try bench.apply { $0.reserve(65_536) }
      try bench.apply { $0.reserve(131_072) }
      try bench.apply { $0.reserve(65_536) }
      bench.expect(try bench.reopened().reserved, 131_072, "reserved")
      try bench.apply { $0.reserve(1 << 53) }
      bench.expect(try bench.crashed().reserved, 1 << 53, "reserved")
    },
  ]
}
