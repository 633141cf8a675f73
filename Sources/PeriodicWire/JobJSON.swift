import CJansson
import PeriodicCore

/// A job as generation 1 writes it: one JSON object (PROTOCOL 2.1).
///
/// Keys are compared ignoring the case of letters, and the last one counts, as in the Go server;
/// unknown keys are ignored, null counts as left out, and a value of another type is an error.
struct JobJSON: ~Copyable {
  enum Result {
    case job(JobFields)
    case refused(Refusal)
  }

  /// Owns what `Result.job` borrows.
  private var parsed: ParsedJSON?
  private var fields = JobFields(
    key: JobKey(function: .none, name: .none), origin: .generation1)

  /// Parses `text`; the job is good until the next call.
  mutating func parse(_ text: Bytes) -> Result {
    fields = JobFields(key: JobKey(function: .none, name: .none), origin: .generation1)
    parsed = ParsedJSON(text)
    guard let root = parsed?.root, root.pointee.type == JSON_OBJECT else {
      return .refused(.malformed("the job is not a JSON object"))
    }
    var next = json_object_iter(root)
    while let place = next {
      if let key = json_object_iter_key(place), let value = json_object_iter_value(place),
        let problem = take(Bytes(start: key, count: json_object_iter_key_len(place)), value)
      {
        return .refused(.malformed(problem))
      }
      next = json_object_iter_next(root, place)
    }
    return check()
  }

  private func check() -> Result {
    if fields.key.function.isEmpty { return .refused(.emptyFunction) }
    if fields.key.name.isEmpty { return .refused(.emptyName) }
    let longest = max(fields.key.function.count, fields.key.name.count)
    return longest > Limits.nameBytes
      ? .refused(.limit(.nameBytes, value: longest)) : .job(fields)
  }

  /// Sets the field that `key` names; answers what is wrong with the value.
  private mutating func take(_ key: Bytes, _ value: UnsafeMutablePointer<json_t>) -> StaticText? {
    if value.pointee.type == JSON_NULL { return nil }
    if key.equalsIgnoringCase("func") {
      return text(value).map { fields.key.function = $0 } == nil ? "func is not a string" : nil
    }
    if key.equalsIgnoringCase("name") {
      return text(value).map { fields.key.name = $0 } == nil ? "name is not a string" : nil
    }
    if key.equalsIgnoringCase("workload") {
      return text(value).map { fields.workload = $0 } == nil ? "workload is not a string" : nil
    }
    if key.equalsIgnoringCase("timeout") {
      guard let seconds = integer(value) else { return "timeout is not an integer" }
      fields.timeout = Int32(clamping: max(0, seconds))
      return nil
    }
    if key.equalsIgnoringCase("sched_at") {
      return integer(value).map { fields.scheduledAt = $0 } == nil
        ? "sched_at is not an integer" : nil
    }
    return unused(key, value)
  }

  /// Fields that a request may carry and the server sets by itself.
  private func unused(_ key: Bytes, _ value: UnsafeMutablePointer<json_t>) -> StaticText? {
    if key.equalsIgnoringCase("status") {
      return text(value) == nil ? "status is not a string" : nil
    }
    if key.equalsIgnoringCase("job_id") {
      return integer(value) == nil ? "job_id is not an integer" : nil
    }
    if key.equalsIgnoringCase("run_at") {
      return integer(value) == nil ? "run_at is not an integer" : nil
    }
    return nil
  }

  private func text(_ value: UnsafeMutablePointer<json_t>) -> Bytes? {
    guard value.pointee.type == JSON_STRING, let text = json_string_value(value) else {
      return nil
    }
    return Bytes(start: text, count: json_string_length(value))
  }

  private func integer(_ value: UnsafeMutablePointer<json_t>) -> Int64? {
    value.pointee.type == JSON_INTEGER ? Int64(json_integer_value(value)) : nil
  }
}
