import PeriodicClient
import PeriodicCore
import PeriodicLoop
import PeriodicRuntime
import PeriodicStore
import Testing

@Suite(.serialized) struct `A cursor over a server's jobs` {
  private func bench(_ store: StoreChoice = .memory) throws -> (ServerBench, Client) {
    let bench = try ServerBench { $0.store = store }
    try bench.server.start()
    try bench.server.listen(on: .inproc(name: "cursor"))
    return (bench, Client(bench.loop, to: .inproc(name: "cursor")))
  }

  @Test func `shows each job with what is known of it`() throws {
    let (bench, client) = try bench()
    let later = Job("f", "later", workload: [1, 2], scheduledAt: 4_000_000_000, timeout: 9)
    let jobs = [Job("f", "now"), later, Job("g", "n")]
    #expect(try client.submitAndWait(contentsOf: jobs).count == 3)
    let worker = Worker(bench.loop, to: .inproc(name: "cursor"))
    try worker.canDo("f")
    _ = try worker.next(timeout: 5_000)
    let cursor = bench.server.jobs(of: Array("f".utf8))
    let first = try #require(cursor.next())
    #expect(first.name == Array("now".utf8) && first.standing == .running)
    let second = try #require(cursor.next())
    #expect(second.name == Array("later".utf8) && second.standing == .waiting)
    #expect(second.due == 4_000_000_000_000 && second.workload == [1, 2] && second.timeout == 9)
    #expect(cursor.next() == nil && cursor.next() == nil)
    let all = bench.server.jobs()
    var count = 0
    while all.next() != nil { count += 1 }
    #expect(count == 3)
  }

  @Test func `goes on while jobs come and go`() throws {
    let (bench, client) = try bench()
    let jobs = (0..<50).map { Job("f", "\($0)") }
    #expect(try client.submitAndWait(contentsOf: jobs).allSatisfy { $0 == .success })
    let cursor = bench.server.jobs()
    var seen: [[UInt8]] = []
    for _ in 0..<20 { seen.append(try #require(cursor.next()).name) }
    for index in 40..<50 { #expect(try client.removeAndWait("f", "\(index)") == .success) }
    while let job = cursor.next() { seen.append(job.name) }
    #expect(seen == (0..<40).map { Array("\($0)".utf8) })
  }

  @Test func `reads from the store what only that has`() throws {
    let directory = try TemporaryDirectory()
    let (bench, client) = try bench(.sqlite(path: "\(directory.path)/jobs"))
    let job = Job("f", "n", workload: [7, 8, 9], scheduledAt: 4_000_000_000, timeout: 5)
    #expect(try client.submitAndWait(job) == .success)
    let cursor = bench.server.jobs()
    let short = try #require(cursor.next())
    #expect(short.workload == nil && short.count == nil && short.workloadLength == 3)
    let whole = try #require(try cursor.complete())
    #expect(whole.workload == [7, 8, 9] && whole.count == 0 && whole.timeout == 5)
    #expect(try cursor.complete() == whole)
    #expect(cursor.next() == nil)
    client.close()
  }
}
