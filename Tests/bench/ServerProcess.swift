import Glibc

/// What the system has counted of a server's process.
struct ServerProcess {
  let number: Int32

  /// CPU time of each thread in nanoseconds, by thread number.
  var threads: [Int: (thread: String, time: Int64)] {
    var found: [Int: (thread: String, time: Int64)] = [:]
    let tasks = "/proc/\(number)/task"
    guard number > 0, let directory = opendir(tasks) else { return found }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let number = Int(name), let text = lines(of: "\(tasks)/\(name)/schedstat").first,
        let time = text.split(separator: " ").first.flatMap({ Int64($0) })
      else { continue }
      found[number] = (lines(of: "\(tasks)/\(name)/comm").first ?? "", time)
    }
    return found
  }

  /// Bytes of it in memory.
  var residentBytes: Int {
    for line in lines(of: "/proc/\(number)/status") where line.hasPrefix("VmRSS:") {
      let words = line.split { $0 == " " || $0 == "\t" }
      return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * 1024
    }
    return 0
  }

  /// CPU time of all its threads up to this moment, in nanoseconds.
  var timeNow: Int64 {
    var clock = clockid_t()
    guard number > 0, clock_getcpuclockid(number, &clock) == 0 else { return 0 }
    return nanoseconds(of: clock)
  }

  /// What each thread has used since `before`; threads of one name together.
  func used(
    since before: [Int: (thread: String, time: Int64)]
  ) -> [(thread: String, time: Int64)] {
    var sums: [String: Int64] = [:]
    for (number, (thread, time)) in threads {
      sums[thread, default: 0] += time - (before[number]?.time ?? 0)
    }
    return sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private func lines(of path: String) -> [String] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var found: [String] = []
    var line = [CChar](repeating: 0, count: 1024)
    while fgets(&line, 1024, file) != nil {
      let bytes = line.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init(bitPattern:))
      found.append(String(decoding: bytes, as: UTF8.self))
    }
    return found
  }
}
