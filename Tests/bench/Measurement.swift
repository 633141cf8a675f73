/// What one measurement found. Times are nanoseconds.
struct Measurement {
  var jobs: Int
  var wall: Int64
  /// CPU time of the server's threads.
  var server: [(thread: String, time: Int64)]
  var generator: Int64
  /// Bytes of the server in memory at the end.
  var resident: Int

  var json: JSONObject {
    var object = JSONObject()
    object.add("jobs", jobs)
    object.add("seconds", Double(wall) / 1e9)
    object.add("rate", Double(jobs) * 1e9 / Double(wall))
    object.add("cpu", microseconds(server.reduce(0) { $0 + $1.time }))
    var threads = JSONObject()
    for (thread, time) in server { threads.add(thread, microseconds(time)) }
    object.add("threads", threads)
    // The share of one core that the generator needed: near 1 it is what was measured.
    object.add("generator", Double(generator) / Double(wall))
    object.add("resident", resident)
    return object
  }

  /// Microseconds a job.
  private func microseconds(_ time: Int64) -> Double { Double(time) / Double(max(1, jobs)) / 1000 }
}

/// A JSON object as it is put together. Names and texts need no escapes.
struct JSONObject: CustomStringConvertible {
  private var members: [String] = []

  var description: String { "{\(members.joined(separator: ", "))}" }

  mutating func add(_ name: String, _ value: Int) { add(name, raw: "\(value)") }
  mutating func add(_ name: String, _ value: Double) {
    add(name, raw: value.isFinite ? "\(value)" : "null")
  }
  mutating func add(_ name: String, _ value: JSONObject) { add(name, raw: "\(value)") }
  mutating func add(_ name: String, _ values: [JSONObject]) {
    add(name, raw: "[\(values.map(\.description).joined(separator: ", "))]")
  }
  private mutating func add(_ name: String, raw: String) { members.append("\"\(name)\": \(raw)") }
}
