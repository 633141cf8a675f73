import PeriodicCore
import Testing

@testable import PeriodicRuntime

@Suite struct `A report of what was loaded` {
  private let start = Now(monotonic: 50, wall: 1_700_000_000_000)
  private let hour: Int64 = 3_600_000

  private func report(dueIn distances: [Int64] = []) -> LoadReport {
    var report = LoadReport(at: start)
    let key = JobKey(function: ("f" as StaticString).bytes, name: ("n" as StaticString).bytes)
    for (number, distance) in distances.enumerated() {
      let entry = StoredEntry(
        id: JobID(UInt64(number)), key: key,
        due: start.wall.addingSaturated(distance), workloadLength: 0)
      report.note(.job(entry))
    }
    return report
  }

  @Test func `says once a second how far loading is`() {
    var report = report(dueIn: [1, 2, 3])
    let lines = [50, 1049, 1050, 1051, 2040, 2050].map {
      report.progress(at: Now(monotonic: $0, wall: 0))
    }
    #expect(
      lines == [nil, nil, "loading: 3 jobs after 1 s", nil, nil, "loading: 3 jobs after 2 s"])
  }

  @Test func `warns of a clock that is more than an hour behind the store`() {
    #expect(report().warnings(lastWritten: nil).isEmpty)
    #expect(report().warnings(lastWritten: start.wall + hour).isEmpty)
    #expect(report().warnings(lastWritten: 0).isEmpty)
    #expect(
      report().warnings(lastWritten: start.wall + hour + 1) == [
        "the clock says 2023-11-14 22:13:20 UTC, but the store was last written at "
          + "2023-11-14 23:13:20 UTC: one of the two is wrong; due times stay as they are"
      ])
  }

  @Test func `warns of jobs that are due in ten years or later`() {
    let year = 366 * 24 * hour
    #expect(report(dueIn: [0, -year, 9 * year]).warnings(lastWritten: nil).isEmpty)
    #expect(
      report(dueIn: [0, 40 * year, 11 * year, .max]).warnings(lastWritten: nil) == [
        "the clock says 2023-11-14 22:13:20 UTC, and 3 jobs are due more than ten years from "
          + "now, the first at 2034-11-22 22:13:20 UTC; due times stay as they are"
      ])
  }

  @Test func `has a text for every time`() {
    #expect(LoadReport.text(0) == "1970-01-01 00:00:00 UTC")
    #expect(LoadReport.text(-1) == "1969-12-31 23:59:59 UTC")
    #expect(LoadReport.text(.max).isEmpty == false)
  }
}
