import PeriodicCore
import PeriodicStore

extension StoreConformance {
  static let batches = [
    StoreConformance("many new jobs in one batch come back, each with what is its own") { bench in
      let rows = (1...43).map { number -> StoreContent.Row in
        var row = StoreContent.Row(UInt64(number * 3), "f\(number % 5)", workload: "w\(number)")
        row.due = Int64(number)
        row.scheduledAt = Int64(number + 1)
        row.timeout = Int32(number + 2)
        row.count = Int32(number % 3)
        row.previousRunAt = Int64(number + 4)
        return row
      }
      try bench.apply { batch in for row in rows { batch.put(row) } }
      bench.expect(try bench.crashed().rows, rows, "jobs")
    },
    StoreConformance("deletions of neighbours leave the jobs between and beside them") { bench in
      try bench.apply { batch in for id in 1...20 { batch.put(StoreContent.Row(UInt64(id))) } }
      let gone: [UInt64] = [9, 4, 12, 5, 3, 11, 4, 30]
      try bench.apply { batch in for id in gone { batch.delete(id) } }
      let left = (1...20).map { UInt64($0) }.filter { !gone.contains($0) }
      bench.expect(try bench.reopened().rows.map(\.id), left, "jobs")
    },
    StoreConformance("of a put and a deletion in one batch the later one counts") { bench in
      try bench.apply { batch in
        batch.put(StoreContent.Row(1))
        batch.delete(1)
        batch.delete(2)
        batch.put(StoreContent.Row(2))
        batch.put(StoreContent.Row(3))
        batch.delete(2)
        batch.put(StoreContent.Row(2, workload: "again"))
      }
      let left = [StoreContent.Row(2, workload: "again"), StoreContent.Row(3)]
      bench.expect(try bench.reopened().rows, left, "jobs")
    },
    StoreConformance("staged batches are durable with the next, in their order") { bench in
      try bench.applyTogether([
        { batch in for id in 1...30 { batch.put(StoreContent.Row(UInt64(id))) } },
        { batch in for id in 10...29 { batch.delete(UInt64(id)) } },
        { batch in batch.put(StoreContent.Row(12, workload: "again")) },
        { batch in for id in 31...33 { batch.put(StoreContent.Row(UInt64(id))) } },
      ])
      var left = ([1...9, 30...33].joined()).map { StoreContent.Row(UInt64($0)) }
      left.insert(StoreContent.Row(12, workload: "again"), at: 9)
      bench.expect(try bench.crashed().rows, left, "jobs")
    },
    StoreConformance("batches that were only staged are gone after a crash") { bench in
      try bench.apply { batch in batch.put(StoreContent.Row(1)) }
      let isStaged = try bench.stage { batch in
        batch.delete(1)
        batch.put(StoreContent.Row(2))
      }
      let rows = try bench.crashed().rows
      if isStaged { bench.expect(rows, [StoreContent.Row(1)], "jobs") }
    },
    StoreConformance("a batch has the effect of its operations one after the other") { bench in
      var left: [UInt64: StoreContent.Row] = [:]
      var state: UInt64 = 12345
      func below(_ limit: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % limit
      }
      for round in 0..<60 {
        try bench.apply { batch in
          for _ in 0..<below(40) {
            let id = 1 + below(10 + UInt64(round) * 4)
            if below(3) == 0 {
              batch.delete(id)
              left[id] = nil
            } else {
              let row = StoreContent.Row(id, workload: "work \(state)")
              batch.put(row)
              left[id] = row
            }
          }
        }
      }
      bench.expect(
        try bench.reopened().rows, left.values.sorted { $0.id < $1.id }, "what 60 batches left")
    },
  ]
}
