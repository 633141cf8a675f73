import PeriodicCore

/// The form with a JSON object a line:
///
///     {"func":"f","name":"n","workload":"hi","sched_at":1700000000,"timeout":30,"count":1}
///
/// A value that is not UTF-8 stands in Base64 under `func_base64`, `name_base64` or
/// `workload_base64`. Times are seconds; `timeout` and `count` may be left out, and are when 0.
/// Empty lines are passed over, an unknown key is an error: what is not understood is not dropped.
extension JobFile {
  static func lines(_ list: Bytes) throws(Problem) -> [UInt8] {
    var lines: [(function: [UInt8], name: [UInt8], line: [UInt8])] = []
    try forEach(list) { job in
      let line = JobFile.line(of: job).finish()
      lines.append((Array(job.key.function), Array(job.key.name), line))
    }
    lines.sort {
      $0.function != $1.function
        ? $0.function.lexicographicallyPrecedes($1.function)
        : $0.name.lexicographicallyPrecedes($1.name)
    }
    return lines.flatMap(\.line)
  }

  /// The line of a job, without its end.
  static func line(of job: JobFields) -> JSONLine {
    var line = JSONLine()
    line.append("func", job.key.function)
    line.append("name", job.key.name)
    line.append("workload", job.workload)
    line.append("sched_at", job.scheduledAt)
    if job.timeout != 0 { line.append("timeout", Int64(job.timeout)) }
    if job.count != 0 { line.append("count", Int64(job.count)) }
    return line
  }

  static func append(lineOf job: JobFields, to buffer: inout ByteBuffer) {
    line(of: job).finish(into: &buffer)
  }

  static func list(ofLines file: Bytes) throws(Problem) -> [UInt8] {
    let builder = JobListBuilder()
    var number = 0
    for line in file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let text = Bytes(rebasing: line)
      if text.allSatisfy({ $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }) { continue }
      do throws(Problem) {
        let job = try LineJob(text)
        job.withFields { builder.append($0) }
      } catch {
        throw Problem("line \(number): \(error.text)")
      }
    }
    return builder.finish()
  }
}
