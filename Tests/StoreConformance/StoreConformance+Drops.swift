import PeriodicStore

extension StoreConformance {
  static let drops = [
    StoreConformance("a crash inside a drop brings no job of the function back") { bench in
      try bench.apply { batch in
        for id in 1...6 as ClosedRange<UInt64> { batch.put(.init(id, id % 2 == 0 ? "f" : "g")) }
        batch.addFunction("f")
        batch.addFunction("g")
      }
      try bench.apply { $0.dropFunction("f", upTo: 6) }
      let content = try bench.crashed()
      bench.expect(content.rows.map(\.id), [1, 3, 5], "ids")
      bench.expect(content.functions, [Array("g".utf8)], "functions")
    },
    StoreConformance("jobs put after a drop live on, though older rows still stand") { bench in
      try bench.apply {
        $0.put(.init(1))
        $0.put(.init(2))
        $0.dropFunction("f", upTo: 2)
        $0.addFunction("f")
        $0.put(.init(3))
      }
      let content = try bench.crashed()
      bench.expect(content.rows.map(\.id), [3], "ids")
      bench.expect(content.functions, [Array("f".utf8)], "functions")
    },
    StoreConformance("rows left by a crash stay away for good once batches go on") { bench in
      try bench.apply { batch in (1...50).forEach { batch.put(.init($0)) } }
      try bench.apply { $0.dropFunction("f", upTo: 50) }
      bench.expect(try bench.crashed().rows, [], "right after")
      for id in 51...60 as ClosedRange<UInt64> { try bench.apply { $0.put(.init(id)) } }
      bench.expect(try bench.crashed().rows.map(\.id), Array(51...60), "later")
      bench.expect(try bench.reopened().rows.map(\.id), Array(51...60), "later still")
    },
    StoreConformance("many more rows than one slice are left by a crash and go", isLong: true) {
      bench in
      try bench.apply { batch in
        for id in 1...20_000 as ClosedRange<UInt64> {
          batch.put(.init(id, id % 3 == 0 ? "g" : "f"))
        }
        batch.dropFunction("f", upTo: 20_000)
      }
      let kept = (1...20_000).filter { $0 % 3 == 0 }.map { UInt64($0) }
      bench.expect(try bench.crashed().rows.map(\.id) == kept, true, "right after")
      try bench.apply { $0.set("timeout", 1) }
      bench.expect(try bench.crashed().rows.map(\.id) == kept, true, "after one slice")
      for value in 1...12 as ClosedRange<UInt32> { try bench.apply { $0.set("timeout", value) } }
      bench.expect(try bench.reopened().rows.map(\.id) == kept, true, "after all")
    },
    StoreConformance("a drop that is finished has no effect on later ids") { bench in
      try bench.apply {
        $0.put(.init(1))
        $0.dropFunction("f", upTo: 10)
      }
      try bench.apply {
        $0.delete(1)
        $0.dropFinished("f", upTo: 10)
      }
      try bench.apply { $0.put(.init(5)) }
      bench.expect(try bench.crashed().rows.map(\.id), [5], "ids")
    },
    StoreConformance("a function is dropped again while its first drop is unfinished") { bench in
      try bench.apply {
        $0.put(.init(1))
        $0.dropFunction("f", upTo: 1)
      }
      bench.expect(try bench.crashed().rows, [], "after the first")
      try bench.apply { batch in (2...9).forEach { batch.put(.init($0)) } }
      try bench.apply { $0.dropFunction("f", upTo: 9) }
      try bench.apply { batch in (2...9).forEach { batch.delete($0) } }
      try bench.apply {
        $0.dropFinished("f", upTo: 9)
        $0.put(.init(10))
      }
      bench.expect(try bench.crashed().rows.map(\.id), [10], "after the second")
    },
    StoreConformance("a batch with a drop, applied again after a crash, drops again") { bench in
      let again: (StoreBatch) -> Void = {
        $0.put(.init(1))
        $0.put(.init(2, "g"))
        $0.dropFunction("f", upTo: 2)
      }
      try bench.apply(again)
      bench.expect(try bench.crashed().rows.map(\.id), [2], "once")
      try bench.apply(again)
      for value in 1...3 as ClosedRange<UInt32> { try bench.apply { $0.set("timeout", value) } }
      bench.expect(try bench.crashed().rows.map(\.id), [2], "twice")
    },
    StoreConformance("a drop like an unfinished one does not end that one early", isLong: true) {
      bench in
      try bench.apply { batch in
        (1...10_000).forEach { batch.put(.init($0)) }
        batch.dropFunction("f", upTo: 10_000)
      }
      bench.expect(try bench.crashed().rows, [], "after the first")
      try bench.apply {
        $0.addFunction("f")
        $0.dropFunction("f", upTo: 10_000)
        $0.dropFinished("f", upTo: 10_000)
      }
      bench.expect(try bench.crashed().rows, [], "after the second")
    },
    StoreConformance("a drop applied again late takes what was put back before it", isLong: true) {
      bench in
      let again: (StoreBatch) -> Void = {
        $0.put(.init(1))
        $0.dropFunction("f", upTo: 10_000)
      }
      try bench.apply { batch in (1...10_000).forEach { batch.put(.init($0)) } }
      try bench.apply(again)
      bench.expect(try bench.crashed().rows, [], "once")
      try bench.apply { $0.set("timeout", 1) }
      try bench.apply(again)
      for value in 1...6 as ClosedRange<UInt32> { try bench.apply { $0.set("timeout", value) } }
      bench.expect(try bench.crashed().rows, [], "twice")
    },
    StoreConformance("a drop of a function without jobs takes its row") { bench in
      try bench.apply { $0.addFunction("f") }
      try bench.apply {
        $0.dropFunction("f", upTo: 0)
        $0.dropFinished("f", upTo: 0)
      }
      bench.expect(try bench.reopened().functions, [], "functions")
    },
  ]
}
