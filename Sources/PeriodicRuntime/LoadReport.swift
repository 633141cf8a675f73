import Glibc
import PeriodicCore
import PeriodicStore

/// What the log says of a store that is read back: how far that is, and whether the wall clock fits
/// what was found.
///
/// A wrong clock changes no due time. It only makes jobs run early or late, so the operator hears
/// of it while there is time.
struct LoadReport {
  /// Milliseconds between two lines, and until the first.
  static let interval: Int64 = 1000
  /// A clock may be set back by so much, in milliseconds, before that is worth a warning.
  static let tolerance: Int64 = 3_600_000
  /// Jobs due later than this from now, in milliseconds, are looked at as mistakes: ten years.
  static let farthest: Int64 = 3653 * 86_400_000

  private let start: Now
  private var lastLine: Int64
  private(set) var jobs = 0
  private var farJobs = 0
  private var firstFar = Int64.max

  init(at start: Now) {
    self.start = start
    lastLine = start.monotonic
  }

  mutating func note(_ item: StoredItem) {
    guard case .job(let entry) = item else { return }
    jobs += 1
    guard entry.due > start.wall.addingSaturated(LoadReport.farthest) else { return }
    farJobs += 1
    firstFar = min(firstFar, entry.due)
  }

  /// How far loading is, when it is time to say so.
  mutating func progress(at now: Now) -> String? {
    guard now.monotonic - lastLine >= LoadReport.interval else { return nil }
    lastLine = now.monotonic
    return "loading: \(jobs) jobs after \((now.monotonic - start.monotonic) / 1000) s"
  }

  /// What is strange about the clock, or about the store's times.
  ///
  /// - Parameter lastWritten: when the store was last written, by the clock of then.
  func warnings(lastWritten: Int64?) -> [String] {
    var found: [String] = []
    if let lastWritten, lastWritten - start.wall > LoadReport.tolerance {
      found.append(
        "the clock says \(LoadReport.text(start.wall)), but the store was last written at "
          + "\(LoadReport.text(lastWritten)): one of the two is wrong; due times stay as they are")
    }
    if farJobs > 0 {
      found.append(
        "the clock says \(LoadReport.text(start.wall)), and \(farJobs) jobs are due more than ten "
          + "years from now, the first at \(LoadReport.text(firstFar)); due times stay as they are")
    }
    return found
  }

  /// A wall time in milliseconds, for a person.
  static func text(_ milliseconds: Int64) -> String {
    var seconds = time_t(Now(monotonic: 0, wall: milliseconds).wallSeconds)
    var parts = tm()
    // A year that does not fit.
    guard gmtime_r(&seconds, &parts) != nil else { return "\(milliseconds) ms since 1970" }
    let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)]
    let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { twoDigits(Int($0)) }
    return date.map(twoDigits).joined(separator: "-") + " " + time.joined(separator: ":") + " UTC"
  }

  private static func twoDigits(_ number: Int) -> String {
    0..<10 ~= number ? "0\(number)" : "\(number)"
  }
}
