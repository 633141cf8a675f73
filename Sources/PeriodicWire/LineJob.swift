import CJansson
import PeriodicCore

/// One job of a file with a JSON object a line, with bytes of its own.
struct LineJob {
  private var function: [UInt8] = []
  private var name: [UInt8] = []
  private var workload: [UInt8] = []
  private var scheduledAt: Int64 = 0
  private var timeout: Int32 = 0
  private var count: Int32 = 0

  init(_ line: Bytes) throws(JobFile.Problem) {
    guard let parsed = ParsedJSON(line), parsed.isObject else {
      throw JobFile.Problem("this is no JSON object")
    }
    var next = json_object_iter(parsed.root)
    while let place = next {
      if let key = json_object_iter_key(place), let value = json_object_iter_value(place) {
        try take(Bytes(start: key, count: json_object_iter_key_len(place)).text, value)
      }
      next = json_object_iter_next(parsed.root, place)
    }
    for (bytes, what) in [(function, "func"), (name, "name")] {
      if bytes.isEmpty || bytes.count > Limits.nameBytes {
        throw JobFile.Problem(
          "\(what) has \(bytes.count) bytes; 1 to \(Limits.nameBytes) are allowed")
      }
    }
  }

  func withFields(_ body: (JobFields) -> Void) {
    function.withUnsafeBytes { function in
      name.withUnsafeBytes { name in
        workload.withUnsafeBytes { workload in
          body(
            JobFields(
              key: JobKey(function: function, name: name), workload: workload,
              scheduledAt: scheduledAt, timeout: timeout, count: count))
        }
      }
    }
  }

  private mutating func take(
    _ key: String, _ value: UnsafeMutablePointer<json_t>
  ) throws(JobFile.Problem) {
    switch key {
    case "func": function = try text(value, key)
    case "name": name = try text(value, key)
    case "workload": workload = try text(value, key)
    case "func_base64": function = try base64(value, key)
    case "name_base64": name = try base64(value, key)
    case "workload_base64": workload = try base64(value, key)
    case "sched_at": scheduledAt = try number(value, key, in: .min ... .max)
    case "timeout": timeout = Int32(try number(value, key, in: 0...Int64(Int32.max)))
    case "count": count = Int32(try number(value, key, in: 0...Int64(Int32.max)))
    default: throw JobFile.Problem("\(key) is no field of a job")
    }
  }

  private func text(
    _ value: UnsafeMutablePointer<json_t>, _ key: String
  ) throws(JobFile.Problem) -> [UInt8] {
    guard value.pointee.type == JSON_STRING, let text = json_string_value(value) else {
      throw JobFile.Problem("\(key) is not a string")
    }
    return Array(Bytes(start: text, count: json_string_length(value)))
  }

  private func base64(
    _ value: UnsafeMutablePointer<json_t>, _ key: String
  ) throws(JobFile.Problem) -> [UInt8] {
    let decoded = try text(value, key).withUnsafeBytes { Base64.decode($0) }
    guard let decoded else { throw JobFile.Problem("\(key) is not Base64") }
    return decoded
  }

  private func number(
    _ value: UnsafeMutablePointer<json_t>, _ key: String, in range: ClosedRange<Int64>
  ) throws(JobFile.Problem) -> Int64 {
    guard value.pointee.type == JSON_INTEGER, range.contains(json_integer_value(value)) else {
      throw JobFile.Problem(
        "\(key) is not a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return json_integer_value(value)
  }
}
