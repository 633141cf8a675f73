import Glibc

/// Latencies of one measurement, in nanoseconds.
struct Latencies {
  private let sorted: [Int64]

  init(_ all: [Int64]) { sorted = all.sorted() }

  /// Percentiles in microseconds, and how many lie in each of eight buckets an octave.
  var json: JSONObject {
    var object = JSONObject()
    object.add("samples", sorted.count)
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)] {
      let place = min(sorted.count - 1, Int(Double(sorted.count) * share))
      object.add(name, Double(sorted[place]) / 1000)
    }
    var buckets = JSONObject()
    for (bucket, count) in histogram { buckets.add("\(bucket)", count) }
    object.add("histogram", buckets)
    return object
  }

  /// By the power of 2^(1/8) microseconds that is the least of a bucket.
  private var histogram: [(bucket: Int, count: Int)] {
    var found: [(bucket: Int, count: Int)] = []
    for latency in sorted {
      let bucket = Int((log2(Double(max(1, latency)) / 1000) * 8).rounded(.down))
      if found.last?.bucket == bucket {
        found[found.count - 1].count += 1
      } else {
        found.append((bucket, 1))
      }
    }
    return found
  }
}
