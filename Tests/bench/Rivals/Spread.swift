/// The middle of some figures, and how far they lie apart.
struct Spread {
  let low: Double
  let median: Double
  let high: Double

  init(_ values: [Double]) {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    low = sorted.first ?? 0
    high = sorted.last ?? 0
    if sorted.isEmpty {
      median = 0
    } else if sorted.count % 2 == 1 {
      median = sorted[middle]
    } else {
      median = (sorted[middle - 1] + sorted[middle]) / 2
    }
  }

  var text: String { "\(fixed(median)) [\(fixed(low)), \(fixed(high))]" }
  var json: String {
    #"{"median":\#(fixed(median)),"low":\#(fixed(low)),"high":\#(fixed(high))}"#
  }
}

extension Comparison.Result {
  /// What is said of one server.
  struct Row {
    let name: String
    let thousands: Spread
    /// The first server's rate in parts of this one's, round by round.
    let ratio: Spread
    let cost: Spread
    let threads: [(name: String, cost: Spread)]
    let generator: Spread
  }

  var rows: [Row] {
    let ours = measured[0].rounds
    return measured.map { name, rounds in
      let names = rounds.first?.server.map(\.thread) ?? []
      return Row(
        name: name,
        thousands: Spread(rounds.map { $0.rate / 1000 }),
        ratio: Spread(zip(ours, rounds).map { $0.rate / $1.rate }),
        cost: Spread(rounds.map(\.cost)),
        threads: names.map { thread in
          let costs = rounds.map { round in
            let time = round.server.first { $0.thread == thread }?.time ?? 0
            return Double(time) / Double(round.jobs) / 1000
          }
          return (thread, Spread(costs))
        },
        generator: Spread(rounds.map(\.generatorShare)))
    }
  }

  /// A Markdown table.
  var markdown: String {
    var text = """
      | \(kind.rawValue) | thousand jobs/s | periodic's ratio | server CPU us/job | generator |
      |---|---|---|---|---|

      """
    for row in rows {
      let threads = row.threads.filter { $0.cost.median >= 0.05 }
        .map { "\($0.name) \(fixed($0.cost.median))" }.joined(separator: ", ")
      text += "| \(row.name) | \(row.thousands.text) | \(row.ratio.text) "
      text += "| \(row.cost.text) (\(threads)) | \(row.generator.text) |\n"
    }
    return text
  }

  var json: String {
    let servers = rows.map { row in
      let threads = row.threads.map { #""\#($0.name)":\#($0.cost.json)"# }
      return #"{"server":"\#(row.name)","thousandJobsPerSecond":\#(row.thousands.json),"#
        + #""ratioOfPeriodic":\#(row.ratio.json),"cpuMicrosecondsPerJob":\#(row.cost.json),"#
        + #""threads":{\#(threads.joined(separator: ","))},"#
        + #""generatorShare":\#(row.generator.json)}"#
    }
    return #"{"workload":"\#(kind.rawValue)","servers":[\#(servers.joined(separator: ","))]}"#
  }
}
