import PeriodicCore
import PeriodicStore

extension StoreConformance {
  static let jobs = [
    StoreConformance("a job comes back as it was put, after a close and after a crash") { bench in
      let row = StoreContent.Row(
        7, "resize", name: "a.png", workload: "640x480", due: 1_700_000_000_123,
        scheduledAt: 1_700_000_000, timeout: 60, count: 3, origin: .generation1,
        previousRunAt: 1_699_999_999)
      try bench.apply { $0.put(row) }
      bench.expect(try bench.reopened().rows, [row], "after a close")
      bench.expect(try bench.crashed().rows, [row], "after a crash")
    },
    StoreConformance("jobs come in the order of their ids, however they were written") { bench in
      let ids: [UInt64] = [9, 2, 1 << 40, 7, 1, (1 << 53) - 1]
      for id in ids { try bench.apply { $0.put(StoreContent.Row(id)) } }
      bench.expect(try bench.reopened().rows.map(\.id), ids.sorted(), "ids")
    },
    StoreConformance("a put replaces every field of the row with its id") { bench in
      try bench.apply { $0.put(StoreContent.Row(5, "old", workload: "old")) }
      let row = StoreContent.Row(
        5, "new", name: "other", workload: "longer than before", due: 2, scheduledAt: 3,
        timeout: 4, count: 5, origin: .generation1, previousRunAt: 6)
      try bench.apply { $0.put(row) }
      bench.expect(try bench.reopened().rows, [row], "the second put")
    },
    StoreConformance("a reschedule changes four fields and keeps the rest") { bench in
      var row = StoreContent.Row(5, workload: "kept", timeout: 9)
      try bench.apply { $0.put(row) }
      try bench.apply {
        $0.reschedule(5, scheduledAt: 20, due: 20_000, count: 2, previousRunAt: 10)
      }
      row.scheduledAt = 20
      row.due = 20_000
      row.count = 2
      row.previousRunAt = 10
      bench.expect(try bench.reopened().rows, [row], "the rescheduled job")
    },
    StoreConformance("a reschedule of a job that is gone makes none") { bench in
      try bench.apply {
        $0.reschedule(5, scheduledAt: 20, due: 20_000, count: 2, previousRunAt: 10)
      }
      bench.expect(try bench.reopened().rows, [], "rows")
    },
    StoreConformance("a deleted job is gone, and deleting it again is harmless") { bench in
      try bench.apply { batch in (1...3).forEach { batch.put(StoreContent.Row($0)) } }
      try bench.apply { $0.delete(2) }
      try bench.apply { $0.delete(2) }
      bench.expect(try bench.reopened().rows.map(\.id), [1, 3], "ids")
    },
    StoreConformance("operations of one batch take effect in their order") { bench in
      try bench.apply {
        $0.put(StoreContent.Row(1, workload: "first"))
        $0.delete(1)
        $0.put(StoreContent.Row(1, workload: "second"))
        $0.reschedule(1, scheduledAt: 3, due: 3000, count: 1, previousRunAt: 2)
        $0.put(StoreContent.Row(2))
        $0.delete(2)
      }
      let row = StoreContent.Row(
        1, workload: "second", due: 3000, scheduledAt: 3, count: 1, previousRunAt: 2)
      bench.expect(try bench.reopened().rows, [row], "rows")
    },
    StoreConformance("the same batch applied twice is as if applied once") { bench in
      try bench.apply { batch in (1...4).forEach { batch.put(StoreContent.Row($0)) } }
      for _ in 1...2 {
        try bench.apply {
          $0.put(StoreContent.Row(1, workload: "new"))
          $0.reschedule(2, scheduledAt: 9, due: 9000, count: 1, previousRunAt: 8)
          $0.delete(3)
          $0.addFunction("f")
          $0.set("timeout", 7)
          $0.reserve(100)
        }
      }
      let content = try bench.reopened()
      bench.expect(content.rows.map(\.id), [1, 2, 4], "ids")
      bench.expect(content.rows.map(\.count), [0, 1, 0], "counts")
      bench.expect(content.functions, [Array("f".utf8)], "functions")
      bench.expect(content.settings, [StoreContent.Setting("timeout", 7)], "settings")
      bench.expect(content.reserved, 100, "reserved")
    },
    StoreConformance("an empty batch changes nothing") { bench in
      try bench.apply { _ in }
      bench.expect(try bench.reopened(), StoreContent(), "content")
    },
    StoreConformance(
      "a thousand batches, each with a put and a delete, leave what they should", isLong: true
    ) {
      bench in
      for id in 1...1000 as ClosedRange<UInt64> {
        try bench.apply {
          $0.put(StoreContent.Row(id))
          if id > 10 { $0.delete(id - 10) }
        }
      }
      bench.expect(try bench.crashed().rows.map(\.id), Array(991...1000), "ids")
    },
  ]
}
