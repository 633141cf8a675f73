import Glibc

/// The servers side by side: alternated, a new one for each measurement, as long as the rounds go.
struct Comparison {
  let directory: String
  let rounds: Int
  let jobs: Int
  let payload: Int
  let rivals: [Rival]

  struct Result {
    let kind: Workload.Kind
    /// By server, in the order of the rounds.
    var measured: [(name: String, rounds: [Measurement])]
  }

  func run() -> [Result] {
    var results = Workload.Kind.allCases.map { kind in
      Result(kind: kind, measured: rivals.map { ($0.name, []) })
    }
    for round in 1...rounds {
      for index in results.indices {
        let workload = Workload(
          kind: results[index].kind, jobs: jobs, producers: 4, workers: 4, window: 64, grabs: 64,
          payload: payload)
        // Whoever comes first in one round comes last in the next.
        let order = rivals.indices.map { ($0 + round) % rivals.count }
        for rival in order {
          let found = rivals[rival].measure(workload, in: "\(directory)/\(rivals[rival].name)")
          results[index].measured[rival].rounds.append(found)
          note(
            "round \(round), \(workload.kind.rawValue), \(rivals[rival].name): "
              + "\(Int(found.rate)) jobs/s, \(fixed(found.cost)) us/job, "
              + "generator \(fixed(found.generatorShare))")
        }
      }
    }
    return results
  }
}

/// A number of two places after the point.
func fixed(_ value: Double) -> String {
  let hundredths = Int((value * 100).rounded())
  let places = hundredths % 100
  return "\(hundredths / 100).\(places < 10 ? "0" : "")\(places)"
}
