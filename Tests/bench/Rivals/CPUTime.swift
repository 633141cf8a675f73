import Glibc

/// CPU time that the system has counted, in nanoseconds.
enum CPUTime {
  static var ofThisProcess: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Of each thread of a process, by thread number.
  static func threads(of process: pid_t) -> [Int: (thread: String, time: Int64)] {
    var found: [Int: (thread: String, time: Int64)] = [:]
    let tasks = "/proc/\(process)/task"
    guard let directory = opendir(tasks) else { return found }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let number = Int(name), let text = read("\(tasks)/\(name)/schedstat"),
        let time = text.split(separator: " ").first.flatMap({ Int64($0) })
      else { continue }
      let thread = read("\(tasks)/\(name)/comm") ?? ""
      found[number] = (String(thread.prefix { $0 != "\n" }), time)
    }
    return found
  }

  /// What each thread has used between two readings; threads of one name together.
  static func difference(
    _ after: [Int: (thread: String, time: Int64)], _ before: [Int: (thread: String, time: Int64)]
  ) -> [(thread: String, time: Int64)] {
    var sums: [String: Int64] = [:]
    for (number, (thread, time)) in after {
      sums[thread, default: 0] += time - (before[number]?.time ?? 0)
    }
    return sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, 256, file) != nil else { return nil }
    return String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
